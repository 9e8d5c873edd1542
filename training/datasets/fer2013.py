"""FER-2013: 48 x 48 grey faces in seven classes (Goodfellow et al. 2013)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.datasets.errors import DatasetError

LABELS = ("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral")
SIZE = 48

# The data set's own words for the labels that RAVDESS names differently.
_RENAMED = {"fear": "fearful", "surprise": "surprised"}


@dataclass(frozen=True)
class Faces:
    """`images` (N, 48, 48) uint8 grey and `labels` (N,) int64, indices into `LABELS`."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, label: str) -> np.ndarray:
        """Indices of the images that carry `label`."""
        return np.flatnonzero(self.labels == LABELS.index(label))


def reserve(faces: Faces, every: int) -> tuple[Faces, Faces]:
    """All faces but each `every`th, and those: faces that a fusion may be fitted on since no backbone knows them."""
    kept = np.arange(len(faces)) % every == 0
    return (
        Faces(faces.images[~kept], faces.labels[~kept]),
        Faces(faces.images[kept], faces.labels[kept]),
    )


def read_npz(path: Path) -> Faces:
    """Read one part of FER-2013 from an npz of `images`, `labels` and `classes`.

    Raises DatasetError if the file is missing or is laid out in another way.
    """
    try:
        with np.load(path, allow_pickle=False) as part:
            images, labels, classes = part["images"], part["labels"], part["classes"]
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: not a FER-2013 npz (images, labels, classes): {error}") from error
    if images.ndim != 3 or images.shape[1:] != (SIZE, SIZE) or images.dtype != np.uint8:
        raise DatasetError(f"{path}: images are {images.shape} {images.dtype}, expected (N, 48, 48) uint8")
    if labels.shape != images.shape[:1] or labels.max(initial=0) >= len(classes):
        raise DatasetError(f"{path}: labels do not fit the images and classes")
    names = [_RENAMED.get(str(name), str(name)) for name in classes]
    if sorted(names) != sorted(LABELS):
        raise DatasetError(f"{path}: classes are {names}, expected {sorted(LABELS)}")
    order = np.array([LABELS.index(name) for name in names], dtype=np.int64)
    return Faces(images=images, labels=order[labels])
