"""The pictures of a video by time: whole frames, faces, and what stands in for a face that is not there."""

from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest

from inference.errors import InputError
from inference.front_ends.signals import Crop
from inference.video_images import STEP_S, FaceTrack, VideoImages, track_face
from tests.inference.clips import silent
from tests.inference.test_face_tracking import photograph

EMPTY = np.full((480, 640, 3), (200, 90, 20), np.uint8)  # blue, in BGR


def video(path: Path, frames: list[np.ndarray]) -> Path:
    """A video of 10 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second without a face, and one with it."""
    return video(tmp_path_factory.mktemp("images") / "a.mp4", [EMPTY] * 10 + [photograph()] * 10)


@pytest.mark.slow
def test_frames_are_rgb_and_square(recorded: Path) -> None:
    (empty,) = VideoImages(recorded).sample(np.array([0.5]), "frame", 32)
    assert empty.shape == (32, 32, 3) and empty.dtype == np.uint8
    np.testing.assert_allclose(empty.mean(axis=(0, 1)), [20, 90, 200], atol=6)


@pytest.mark.slow
def test_where_no_face_is_found_the_nearest_one_is_taken(recorded: Path) -> None:
    assert track_face(recorded).times_s[0] == pytest.approx(1.0)
    early, at, late = VideoImages(recorded).sample(np.array([0.1, 1.0, 1.9]), "face", 48)
    np.testing.assert_array_equal(early, at)
    assert np.abs(late.astype(int) - at).mean() < 20, "the box shifts a little from search to search"
    skin = late[16:32, 16:32].mean(axis=(0, 1))
    assert skin[0] > skin[2] + 20, "more red than blue, so it is RGB and no background"


def test_a_video_without_a_face_gives_black_ones(tmp_path: Path) -> None:
    images = VideoImages(video(tmp_path / "b.mp4", [EMPTY] * 5))
    assert not images.sample(np.array([0.1, 0.2]), "face", 24).any()


@pytest.mark.slow
def test_the_face_is_searched_once(recorded: Path) -> None:
    asked = []

    def track(path: Path) -> FaceTrack:
        asked.append(path)
        return track_face(path)

    images = VideoImages(recorded, track)
    for _ in range(2):
        images.sample(np.array([1.5]), "face", 8)
    images.sample(np.array([1.5]), "frame", 8)
    assert asked == [recorded]


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    for crop in get_args(Crop):
        with pytest.raises(InputError, match="not a video"):
            VideoImages(tmp_path / "a.mp4").sample(np.zeros(1), crop, 8)


def test_a_short_video_is_searched_at_its_start(tmp_path: Path) -> None:
    assert STEP_S > 0.1
    assert not len(track_face(silent(tmp_path / "c.mp4", 0.1)).times_s)
