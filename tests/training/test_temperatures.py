"""Temperatures of items with several windows, fitted on predictions whose truth is known."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from inference.model_spec import FaceInput
from training.data.fer2013 import LABELS, Faces
from training.errors import DatasetError
from training.evaluation.evaluate import FaceTracks
from training.evaluation.temperatures import Readings, small_face

FACE = FaceInput(samples=15, size=48, grey=True, native_size=48, crop_scale=1.0, frame_side=640)


def readings(factor: float, count: int = 3000) -> Readings:
    """Items whose windows say the same, too surely by a factor."""
    random = np.random.default_rng(0)
    truth = random.normal(0, 1.5, (count, 4))
    targets = np.array([random.choice(4, p=row) for row in softmax(truth, axis=1)])
    said = log_softmax(factor * truth, axis=1)
    windows = [np.repeat(row[None], 1 + number % 3, axis=0) for number, row in enumerate(said)]
    return Readings(windows, targets, np.arange(count) % 2 == 1, np.eye(4))


@pytest.mark.extended
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_was_done_to_honest_predictions(factor: float) -> None:
    found = readings(factor).cross_fitted()
    assert found["temperature"] == pytest.approx(factor, rel=0.1)
    assert found["ece_after"] < 0.045
    assert factor == 1.0 or found["ece_before"] > 0.1
    assert found["n"] == 3000


def test_names_that_classes_share_count_as_one() -> None:
    every = readings(1.0, 40)
    merge = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], float)
    merged = Readings(every.windows, every.targets // 2, every.halves, merge)
    np.testing.assert_allclose(merged.probabilities(1.0).sum(axis=1), 1)
    np.testing.assert_allclose(merged.probabilities(1.0)[:, 0], every.probabilities(1.0)[:, :2].sum(axis=1))


def test_a_small_face_is_trusted_less_the_smaller_it_is() -> None:
    support = small_face({"small_face": {"temperature": 1.4}})
    assert (support.grade(16), support.grade(32), support.grade(48)) == (1.0, 0.5, 0.0)
    assert support.temperature == 1.4


def test_a_face_track_shows_its_label_and_neutral_alone_and_its_seed_decides() -> None:
    shades = np.repeat(np.arange(14), 48 * 48).reshape(14, 48, 48).astype(np.uint8) * 16
    faces = Faces(shades, np.arange(14) % 7)
    happy, neutral = LABELS.index("happy"), LABELS.index("neutral")
    tracks, again = FaceTracks(faces, 3), FaceTracks(faces, 3)
    for samples in (1, 15, 83):
        drawn = tracks.draw("happy", FACE, samples)
        assert drawn.shape == (samples, 48, 48)
        np.testing.assert_array_equal(drawn, again.draw("happy", FACE, samples))
        shown = {int(np.abs(shades[:, 0, 0] - crop.mean()).argmin()) % 7 for crop in drawn}
        assert shown <= {happy, neutral, *range(7)} and len(shown) <= 4
    with pytest.raises(DatasetError, match="no image shows the label sad"):
        FaceTracks(Faces(shades[:3], np.arange(3)), 0).draw("sad", FACE, 15)
