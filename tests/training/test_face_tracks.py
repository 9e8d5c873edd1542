"""Tracks of face images: they move between images of a label and through neutral."""

import numpy as np
import torch

from training.data.face_tracks import draw_face_tracks
from training.data.synthetic_pairs import moving_head

FACES_OF = {"neutral": np.arange(100), "happy": np.arange(100, 200), "sad": np.arange(200, 300)}


def tracks(labels: list[str], seed: int = 0) -> np.ndarray:
    return draw_face_tracks(labels, FACES_OF, np.random.default_rng(seed))


def test_most_of_a_track_shows_its_label() -> None:
    shown = tracks(["happy"] * 400)
    assert shown.shape == (400, 15)
    happy = (shown >= 100) & (shown < 200)
    assert (happy | (shown < 100)).all()
    assert happy.mean(axis=1).min() >= 0.5
    assert 0.1 < 1 - happy.mean() < 0.4


def test_some_faces_hold_still_and_others_change_up_to_three_times() -> None:
    shown = tracks(["sad"] * 400)
    changes = (shown[:, 1:] != shown[:, :-1]).sum(axis=1)
    assert 0.15 < (changes == 0).mean() < 0.4
    assert changes.max() == 3


def test_calm_is_shown_by_neutral_faces() -> None:
    assert (tracks(["calm", "neutral"] * 50) < 100).all()


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(tracks(["happy", "sad"], 1), tracks(["happy", "sad"], 1))
    assert (tracks(["happy", "sad"], 1) != tracks(["happy", "sad"], 2)).any()


def test_a_head_may_change_its_face_and_moves_as_with_one() -> None:
    one, other = (np.full((48, 48), value, np.uint8) for value in (60, 200))
    images = np.stack([one] * 5 + [other] * 10)
    frames = moving_head(images, torch.Generator().manual_seed(5), 48)
    assert frames.shape == (15, 1, 48, 48)
    assert frames[:5].max() < frames[5:].min()
    alone, repeated = (moving_head(face, torch.Generator().manual_seed(5), 48) for face in (one, np.stack([one] * 15)))
    assert torch.equal(alone, repeated)
