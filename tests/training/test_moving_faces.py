"""Tracks of face features that the joint fit is trained on."""

import numpy as np
import pytest
import torch

from training.data import fer2013
from training.features.faces import FaceFeatures
from training.features.moving_faces import FacePool, MovingFaces, class_shares

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")


def pool(first: float, count: int = 70, views: int = 3) -> FacePool:
    """Faces whose features are their number, counted from `first`, and the view behind the point."""
    numbers = first + np.arange(count)[:, None] + np.arange(views) / 10
    labels = [fer2013.LABELS[number % 7] for number in range(count)]
    features = np.repeat(numbers[:, :, None], 4, axis=2).astype(np.float32)
    return FacePool(FaceFeatures(features, labels), np.eye(7, dtype=np.float32)[np.arange(count) % 7])


@pytest.fixture
def faces() -> MovingFaces:
    return MovingFaces(pool(0), pool(1000), LABELS, np.random.default_rng(0))


def test_a_track_shows_its_label_or_neutral_from_one_pool(faces: MovingFaces) -> None:
    tracks = faces.draw(["happy"] * 300)[:, :, 0]
    assert tracks.shape == (300, 15)
    unknown = tracks < 1000
    assert (unknown.all(dim=1) | (~unknown).all(dim=1)).all()
    assert 0.4 < unknown[:, 0].float().mean() < 0.6
    shown = {fer2013.LABELS[int(number) % 1000 % 7] for number in tracks.flatten()}
    assert shown == {"happy", "neutral"}


def test_the_views_of_a_face_come_in_order(faces: MovingFaces) -> None:
    tracks, _ = faces.draw_alone(50)
    assert torch.equal(tracks.sort(dim=1).values, tracks)
    assert (tracks[:, 0] < tracks[:, -1]).any()


def test_faces_alone_are_told_as_the_annotators_do(faces: MovingFaces) -> None:
    tracks, targets = faces.draw_alone(200)
    assert targets.shape == (200, 8)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(200))
    for number, target in zip(tracks[:, 0, 0], targets, strict=True):
        face = fer2013.LABELS[int(number) % 1000 % 7]
        assert target[LABELS.index(face)] == (pytest.approx(2 / 3) if face == "neutral" else 1)


def test_tracks_of_labels_drawn_evenly_come_with_the_classes_of_their_faces(faces: MovingFaces) -> None:
    tracks, targets = faces.draw_moving(800)
    assert tracks.shape == (800, 15, 4) and targets.shape == (800, 8)
    shares = targets.mean(dim=0)
    # Calm and neutral show the same faces, which tell neutral two times out of three.
    expected = [2 / 3 / 4, 1 / 3 / 4, *[1 / 8] * 6]
    torch.testing.assert_close(shares, torch.tensor(expected), atol=0.04, rtol=0)
    happy = targets[:, LABELS.index("happy")] == 1
    shown = {fer2013.LABELS[int(number) % 1000 % 7] for number in tracks[happy][:, :, 0].flatten()}
    assert shown == {"happy", "neutral"}


def test_a_face_that_no_class_shows_is_not_drawn() -> None:
    few = ("neutral", "happy")
    assert class_shares(few).sum() == 2
    faces = MovingFaces(pool(0), pool(1000), few, np.random.default_rng(0))
    _, targets = faces.draw_alone(100)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(100))
