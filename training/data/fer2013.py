"""FER-2013: 48 x 48 grey faces in seven classes (Goodfellow et al. 2013)."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import DatasetError

LABELS = ("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral")  # in the order of the csv's codes
TRAINING, PUBLIC_TEST = "fer2013_train.npz", "fer2013_public_test.npz"
PARTS = ("Training", "PublicTest", "PrivateTest")
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

    def part(self, number: int, count: int) -> "Faces":
        """Part `number` of `count` that share no face."""
        return Faces(self.images[number::count], self.labels[number::count])

    def hold_out(self, every: int) -> tuple["Faces", "Faces"]:
        """All faces but each `every`th, and those, which are held out from the backbone."""
        chosen = np.arange(len(self)) % every == 0
        return Faces(self.images[~chosen], self.labels[~chosen]), Faces(self.images[chosen], self.labels[chosen])

    def of(self, label: str) -> np.ndarray:
        """Indices of the images that carry `label`."""
        return np.flatnonzero(self.labels == LABELS.index(label))


def read(path: Path, part: str) -> Faces:
    """Read one of `PARTS` from the original csv, or an npz, which holds one part and does not say which.

    Raises DatasetError if the file is missing or is laid out in another way.
    """
    return _read_csv(path, part) if path.suffix.lower() == ".csv" else read_npz(path)


def _read_csv(path: Path, part: str) -> Faces:
    """The csv's columns are `emotion` (a code), `pixels` (2304 of them, row by row) and `Usage` (the part)."""
    pixels, labels = bytearray(), []
    try:
        with path.open(newline="", encoding="ascii") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if set(rows.fieldnames or ()) != {"emotion", "pixels", "Usage"}:
                raise DatasetError(f"{path}: columns are {rows.fieldnames}, expected emotion, pixels, Usage")
            for row in rows:
                where = f"{path}: row {rows.line_num}"
                if row["Usage"] not in PARTS:
                    raise DatasetError(f"{where}: Usage is {row['Usage']!r}, expected one of {', '.join(PARTS)}")
                if row["Usage"] == part:
                    labels.append(_code(row["emotion"], where))
                    pixels += _pixels(row["pixels"], where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: not FER-2013's csv: {error}") from error
    if not labels:
        raise DatasetError(f"{path}: no rows of the part {part}")
    return Faces(np.frombuffer(pixels, np.uint8).reshape(-1, SIZE, SIZE), np.array(labels, dtype=np.int64))


def _code(text: str, where: str) -> int:
    if text not in map(str, range(len(LABELS))):
        raise DatasetError(f"{where}: emotion is {text!r}, expected 0 to {len(LABELS) - 1}")
    return int(text)


def _pixels(text: str, where: str) -> bytes:
    try:
        values = bytes(map(int, text.split()))
    except ValueError as error:
        raise DatasetError(f"{where}: pixels are not numbers from 0 to 255") from error
    if len(values) != SIZE * SIZE:
        raise DatasetError(f"{where}: {len(values)} pixels, expected {SIZE * SIZE}")
    return values


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
