"""FER+: ten annotators' votes for each image of FER-2013 (Barsoum et al., ICMI 2016)."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.data import fer2013
from training.errors import DatasetError
from training.schema.sections import Contempt

TRAINING, PUBLIC_TEST = "ferplus_train.npz", "ferplus_public_test.npz"
SIX = 6  # annotators of ten whose agreement makes a label certain

_COLUMN_OF = {"fearful": "fear", "surprised": "surprise"}  # FER+'s words for labels that are named differently here
_ORDER = ("neutral", "happy", "surprised", "sad", "angry", "disgust", "fearful")  # of the columns in FER+
_REST = ("contempt", "unknown", "NF")


@dataclass(frozen=True)
class Votes:
    """Votes for the images of one part, row for row.

    `labels` (N, 7) counts the votes for `fer2013.LABELS`, `rest` (N, 3) those for contempt, unknown and no face.
    `group` (N,) is the same for identical images over all parts. An image that is not in FER+ has no votes and the
    group -1.
    """

    labels: NDArray[np.int64]
    rest: NDArray[np.int64]
    group: NDArray[np.int64]

    def majority(self, faces: fer2013.Faces) -> tuple[fer2013.Faces, NDArray[np.int64]]:
        """The faces with a vote for one of the seven, labelled by most votes, and the votes (M,) for that label.

        Of labels with equal votes, the first in the order of FER+'s columns counts.
        """
        voted = self.labels.any(axis=1)
        order = np.array([fer2013.LABELS.index(label) for label in _ORDER])
        counts = self.labels[voted][:, order]
        return fer2013.Faces(faces.images[voted], order[counts.argmax(axis=1)]), counts.max(axis=1)

    def distribution(self, contempt: Contempt) -> NDArray[np.float32]:
        """Shares of votes (N, 7) that sum to 1; all 0 where an image is not to be learned.

        As Barsoum et al. do it, a single vote for a label is an outlier and dropped, votes for unknown and no face are
        dropped, and so is an image whose votes are mostly for these or, with `contempt-dropped`, for contempt.
        """
        labels, rest = (votes * (votes > 1) for votes in (self.labels, self.rest))
        if contempt == "contempt-as-disgust":
            labels = labels + rest[:, :1] * (np.array(fer2013.LABELS) == "disgust")
            rest = rest[:, 1:]
        learned = labels.max(axis=1) > rest.max(axis=1)
        shares: NDArray[np.float32] = (
            labels * learned[:, None] / np.maximum(labels.sum(axis=1, keepdims=True), 1)
        ).astype(np.float32)
        return shares

    def has_copy_in(self, other: "Votes") -> NDArray[np.bool_]:
        """Whether `other` holds an identical image (N,)."""
        return np.isin(self.group, other.group[other.group >= 0])


class AnnotatedFaces(NamedTuple):
    """Faces labelled by majority, and their `shares` of votes (N, 7)."""

    faces: fer2013.Faces
    shares: NDArray[np.float32]


def split_training_part(
    folder: Path, faces: fer2013.Faces, tested: Votes, contempt: Contempt, holdout_every: int
) -> tuple[AnnotatedFaces, AnnotatedFaces]:
    """The faces of the training part that a backbone learns from, and those that are held out from it.

    Each `holdout_every`th is held out, as `fer2013.Faces.hold_out` does it. Both parts lack images without usable
    votes and copies of `tested` ones, and the first lacks copies of those held out.
    """
    votes = read(folder / TRAINING, faces)
    shares = votes.distribution(contempt)
    usable = shares.any(axis=1) & ~votes.has_copy_in(tested)
    heldout = np.arange(len(faces)) % holdout_every == 0
    copies = np.isin(votes.group, votes.group[heldout])

    def part(chosen: NDArray[np.bool_]) -> AnnotatedFaces:
        labelled = fer2013.Faces(faces.images[chosen], shares[chosen].argmax(axis=1))
        return AnnotatedFaces(labelled, shares[chosen])

    return part(usable & ~copies), part(usable & heldout)


def read(path: Path, faces: fer2013.Faces) -> Votes:
    """Read the votes for `faces` from an npz of `votes`, `columns`, `row`, `group` and `original`.

    Raises DatasetError if the file is missing, is laid out in another way, or belongs to other images.
    """
    try:
        with np.load(path, allow_pickle=False) as part:
            votes, columns, row, group, original = (
                part[name] for name in ("votes", "columns", "row", "group", "original")
            )
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: not the votes of FER+ (votes, columns, row, group, original): {error}") from error
    names = [str(name) for name in columns]
    expected = [*(_COLUMN_OF.get(label, label) for label in fer2013.LABELS), *_REST]
    if sorted(names) != sorted(expected) or votes.shape != (len(row), len(expected)):
        raise DatasetError(f"{path}: votes {votes.shape} for {names}, expected (N, {len(expected)}) for {expected}")
    if len(votes) != len(faces):
        raise DatasetError(
            f"{path}: holds votes for {len(votes)} images, but there are {len(faces)}: take its own part"
        )
    if not np.array_equal(original, faces.labels):
        raise DatasetError(f"{path}: the labels beside the votes are not those of the images: take its own part")
    ordered = votes[:, [names.index(name) for name in expected]].astype(np.int64) * (row >= 0)[:, None]
    count = len(fer2013.LABELS)
    return Votes(ordered[:, :count], ordered[:, count:], np.where(row >= 0, group, -1).astype(np.int64))
