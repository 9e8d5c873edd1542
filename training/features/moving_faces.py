"""Tracks of face features for training: faces that move between images, labelled by FER+'s annotators."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from training.data import fer2013, ferplus
from training.data.face_tracks import draw_face_tracks
from training.data.synthetic_pairs import FACE_OF
from training.features.alignment import align_faces
from training.features.faces import FaceFeatures, face_features
from training.schema.sections import Contempt

_SAME_NAME = 2.0  # weight of a label for a face of its own name, where another label shares the face


@dataclass(frozen=True)
class FacePool:
    """Features of annotated faces, with their `shares` of votes (images, 7)."""

    features: FaceFeatures
    shares: NDArray[np.float32]


def read_face_pools(
    network: AudioVisualNetwork,
    faces: Path,
    votes: Path,
    *,
    contempt: Contempt,
    holdout_every: int,
    size: int,
    augmentations: int,
    augmentations_seen: int,
    seed: int,
) -> tuple[FacePool, FacePool]:
    """The faces of FER-2013's Training part that the backbone of `network` does not know, and those that it learned.

    `faces` and `votes` are the folders of FER-2013 and FER+; `holdout_every` is that of the backbone's configuration.
    The faces are aligned; the numbers of augmentations are views of each face on a moving head's path.
    """
    train, test = (align_faces(fer2013.read_npz(faces / name)) for name in (fer2013.TRAINING, fer2013.PUBLIC_TEST))
    tested = ferplus.read(votes / ferplus.PUBLIC_TEST, test)
    seen, heldout = ferplus.split_training_part(votes, train, tested, contempt, holdout_every)
    return (
        FacePool(face_features(network, heldout.faces, size, augmentations, seed), heldout.shares),
        FacePool(face_features(network, seen.faces, size, augmentations_seen, seed), seen.shares),
    )


class MovingFaces:
    """Draws tracks of features for clips of given labels, and tracks that come without speech.

    Half of the tracks show `heldout` faces, so that the network learns how far faces can be trusted in use; the other
    half shows those that the backbone has `seen`.
    """

    def __init__(self, heldout: FacePool, seen: FacePool, labels: Sequence[str], random: np.random.Generator) -> None:
        self.pools, self.random = (heldout, seen), random
        self.labels, self.classes = list(labels), class_shares(labels)
        self.faces_of = [
            {label: np.flatnonzero(np.array(pool.features.labels) == label) for label in fer2013.LABELS}
            for pool in self.pools
        ]
        self.usable = [np.flatnonzero((pool.shares @ self.classes).any(axis=1)) for pool in self.pools]

    def draw(self, labels: Sequence[str]) -> Tensor:
        """Features (N, 15, F) of a track for each of `labels`, see `draw_face_tracks`."""
        return self._of_either_pool(
            [draw_face_tracks(labels, faces_of, self.random) for faces_of in self.faces_of], len(labels)
        )[0]

    def draw_moving(self, count: int) -> tuple[Tensor, Tensor]:
        """Features (N, 15, F) of tracks of labels drawn evenly, and the classes that share their faces (N, classes)."""
        labels = self.random.choice(self.labels, count).tolist()
        shown = [fer2013.LABELS.index(FACE_OF.get(label, label)) for label in labels]
        return self.draw(labels), torch.from_numpy(self.classes[shown])

    def draw_alone(self, count: int) -> tuple[Tensor, Tensor]:
        """Features (N, 15, F) of faces that hold still, and their annotators' shares of the classes (N, classes)."""
        images = [self.random.choice(usable, (count, 1)) for usable in self.usable]
        features, chosen = self._of_either_pool(images, count)
        shares = np.where(
            chosen[:, None], *(pool.shares[rows[:, 0]] for pool, rows in zip(self.pools, images, strict=True))
        )
        targets = shares @ self.classes
        return features, torch.from_numpy(targets / targets.sum(axis=1, keepdims=True))

    def _of_either_pool(self, images: list[NDArray[np.int64]], count: int) -> tuple[Tensor, NDArray[np.bool_]]:
        """Features of the `images` of the first pool for a half of the tracks, of the second for the rest; which."""
        first = self.random.random(count) < 0.5
        one, other = (
            _views(pool.features.features, rows, self.random) for pool, rows in zip(self.pools, images, strict=True)
        )
        return torch.from_numpy(np.where(first[:, None, None], one, other)), first


def class_shares(labels: Sequence[str]) -> NDArray[np.float32]:
    """How a face of each of FER-2013's labels is shared among the classes, (7, classes); rows sum to 1 or are 0."""
    weights = np.array(
        [
            [(_SAME_NAME if label == face else 1.0) * (FACE_OF.get(label, label) == face) for label in labels]
            for face in fer2013.LABELS
        ],
        dtype=np.float32,
    )
    shares: NDArray[np.float32] = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    return shares


def _views(
    features: NDArray[np.float32], images: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float32]:
    """Features (N, 15, F) of `images` (N, 15) or (N, 1) on a head that moves on or stays: its views in order."""
    views = np.sort(random.integers(features.shape[1], size=(len(images), SAMPLES)), axis=1)
    found: NDArray[np.float32] = features[images, views]
    return found
