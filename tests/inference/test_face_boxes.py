"""Where the face is said to be, in pixels of the picture as a player shows it."""

from pathlib import Path

import numpy as np
import pytest

from inference import store
from inference.media.probe import probe_video
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.types import Faces, Inputs
from tests.inference.clips import made, silent

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"


@pytest.fixture(scope="module")
def reader() -> AudioVisualPredictor:
    return AudioVisualPredictor.load(store.get(store.DEFAULT_AUDIO_VIDEO))


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("clip") / "upright.mp4", "-t", "1.5", "-i", str(SAMPLE), "-an")


def boxes(reader: AudioVisualPredictor, video: Path) -> Faces:
    return reader.track_faces(Inputs(video), probe_video(video), lambda share: None).faces


def mean(faces: Faces) -> np.ndarray:
    assert len(faces.boxes) == 6
    return np.mean([face[1:] for face in faces.boxes], axis=0)


def test_each_sample_with_a_face_has_a_box_within_the_picture(reader: AudioVisualPredictor, upright: Path) -> None:
    faces = boxes(reader, upright)
    assert [face.time_s for face in faces.boxes] == [0.12, 0.36, 0.6, 0.84, 1.08, 1.32]
    assert faces.step_s == pytest.approx(0.24)
    left, top, width, height = mean(faces)
    assert 0 < left < left + width < 640
    assert 0 < top < top + height < 480
    assert width > 80 and height > 80


@pytest.mark.extended
def test_turned_wide_and_large_pictures_have_it_in_the_same_place(
    reader: AudioVisualPredictor, upright: Path, tmp_path: Path
) -> None:
    expected = mean(boxes(reader, upright))
    lying = made(tmp_path / "lying.mp4", "-i", str(upright), "-vf", "transpose=1")
    turned = made(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(lying), "-c", "copy")
    narrow = made(tmp_path / "narrow.mp4", "-i", str(upright), "-vf", "scale=320:480,setsar=2")
    large = made(tmp_path / "large.mp4", "-i", str(upright), "-vf", "scale=1920:1440")
    assert probe_video(lying).width == 480
    np.testing.assert_allclose(mean(boxes(reader, turned)), expected, atol=15)
    np.testing.assert_allclose(mean(boxes(reader, narrow)), expected, atol=15)
    np.testing.assert_allclose(mean(boxes(reader, large)) / 3, expected, atol=15)


def test_where_there_is_no_face_there_is_no_box(reader: AudioVisualPredictor, tmp_path: Path) -> None:
    assert boxes(reader, silent(tmp_path / "pattern.mp4", 1)).boxes == ()
