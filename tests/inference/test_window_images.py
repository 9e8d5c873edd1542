"""The pictures of a recording's windows are those that a network was fitted on, decoded in one pass."""

from pathlib import Path

import numpy as np
import pytest

from inference import front_ends
from inference.front_ends.signals import FrontEnd, Signals
from inference.video_images import VideoImages, track_face
from inference.window_images import requested_times, window_images
from tests.inference.clips import made, picture
from tests.inference.test_face_tracking import photograph
from tests.inference.test_video_images import EMPTY, video

FACES = front_ends.build("faces", count=3, size=24)
FRAMES = front_ends.build("frames", count=4, size=16)


def served(path: Path, starts: list[float], seconds: float, *read: FrontEnd) -> list[list[np.ndarray]]:
    """What front ends compute in each window of a video."""
    requested = requested_times(read, seconds)
    images = window_images(path, starts, seconds, requested, track_face(path), np.inf)
    return [[one.compute(Signals(seconds, images=each), 0.0, seconds) for one in read] for each in images]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second with a face, one without it and one with it."""
    path = tmp_path_factory.mktemp("windows") / "a.mp4"
    return video(path, [photograph()] * 10 + [EMPTY] * 10 + [photograph()] * 10)


@pytest.mark.slow
def test_the_windows_are_those_of_training(recorded: Path) -> None:
    starts = [0.0, 0.3, 0.35, 1.7]  # apart by less, and by more, than two pictures
    windows = served(recorded, starts, 0.9, FACES, FRAMES)
    assert len(windows) == len(starts)
    signals = Signals(3.0, images=VideoImages(recorded))
    for start, (faces, frames) in zip(starts, windows, strict=True):
        np.testing.assert_array_equal(frames, FRAMES.compute(signals, start, 0.9))
        np.testing.assert_array_equal(faces, FACES.compute(signals, start, 0.9))


def test_the_video_is_decoded_once(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    monkeypatch.setattr(
        "inference.window_images.frames_at",
        lambda path, times, *_: passes.append(times) or iter([EMPTY] * len(times)),  # type: ignore[func-returns-value]
    )
    windows = window_images(recorded, [0.0, 0.5], 1.0, requested_times([FRAMES], 1.0), track_face(recorded), np.inf)
    assert len(list(windows)) == 2
    assert passes == [[0.125, 0.375, 0.625, 0.875, 1.125, 1.375]], "two of four pictures belong to both windows"


@pytest.mark.slow
def test_a_face_is_taken_from_its_own_window(recorded: Path) -> None:
    """At 1.45 s the nearest face is at 1 s, outside of the window."""
    ((faces,),) = served(recorded, [1.4], 1.2, FACES)
    at = VideoImages(recorded).sample(np.array([2.0]), "face", 24)[0].transpose(2, 0, 1) / 255
    assert np.abs(faces[0] - at).mean() < 0.08
    ((alone,),) = served(recorded, [1.4], 0.4, FACES)
    assert alone.shape == (3, 3, 24, 24), "a window without a face has whole frames, which nothing reads"


@pytest.mark.slow
def test_windows_that_share_pictures_are_what_each_is_by_itself(recorded: Path) -> None:
    """The first shows a moment at which the third has a face; the second has its only face later."""
    starts = [1.2, 1.3, 1.5]
    for start, (together,) in zip(starts, served(recorded, starts, 0.9, FACES), strict=True):
        ((alone,),) = served(recorded, [start], 0.9, FACES)
        np.testing.assert_array_equal(together, alone)


def test_a_window_behind_the_end_has_the_last_frame(tmp_path: Path) -> None:
    path = made(tmp_path / "short.mp4", *picture(0.4))
    ((frames,),) = served(path, [0.0], 2.0, FRAMES)
    np.testing.assert_array_equal(frames[1], frames[3])
