"""The pictures of a video at any times: the whole frame, or the square of its largest face."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.face_tracking import Box, FaceTracker, crop_square, resize_square
from inference.front_ends.signals import Crop
from inference.media.decode import frames_at
from inference.media.probe import probe_video
from inference.model_spec import FaceInput

FRAME_SIDE = 640  # pixels of the longer side to which frames are shrunk, as at inference
STEP_S = 0.2  # between two searches for the face
_TRACKED = FaceInput(samples=1, size=48, grey=False, native_size=48, crop_scale=1.0, frame_side=FRAME_SIDE)


class SearchedFrame(NamedTuple):
    """A frame (H, W, 3) uint8 BGR, and the box of its largest face, None without one."""

    frame: np.ndarray
    box: Box | None


@dataclass(frozen=True)
class FaceTrack:
    """Where a video shows a face: `times_s` (N,), rising, and `boxes` (N, 4), left, top, width, height.

    Boxes are in pixels of the frame with a longer side of at most FRAME_SIDE.
    """

    times_s: NDArray[np.float64]
    boxes: NDArray[np.int64]

    def nearest(self, times_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """The place (N,) of the face that is nearest in time to each of `times_s`; there is one at least."""
        nearest: NDArray[np.int64] = np.abs(self.times_s[None] - times_s[:, None]).argmin(axis=1)
        return nearest

    def within(self, start_s: float, end_s: float) -> "FaceTrack":
        """The faces from `start_s` to before `end_s`."""
        part = slice(*np.searchsorted(self.times_s, (start_s, end_s)))
        return FaceTrack(self.times_s[part], self.boxes[part])


def search_times(duration_s: float) -> NDArray[np.float64]:
    """Return when a video is searched for its face, seconds."""
    return np.arange(0.0, duration_s, STEP_S)


def search_face(path: Path, times_s: NDArray[np.float64], max_pixels: float = math.inf) -> Iterator[SearchedFrame]:
    """Search the frames at rising times for the largest face; see `frames_at`."""
    tracker = FaceTracker(_TRACKED)
    for frame in frames_at(path, times_s.tolist(), FRAME_SIDE, max_pixels):
        yield SearchedFrame(frame, tracker(frame).box)


def track_face(path: Path) -> FaceTrack:
    """Search a video for its largest face every STEP_S. Raises InputError for a file that is no readable video."""
    times = search_times(probe_video(path).duration_s)
    return face_track(times, [searched.box for searched in search_face(path, times)])


def face_track(times_s: NDArray[np.float64], boxes: Sequence[Box | None]) -> FaceTrack:
    """The track of the boxes that were found at `times_s`; None where there was no face."""
    found = np.array([box is not None for box in boxes], dtype=bool)
    return FaceTrack(times_s[found], np.array([box for box in boxes if box is not None], np.int64).reshape(-1, 4))


def picture(frame: np.ndarray, box: Box | None, size: int) -> NDArray[np.uint8]:
    """The RGB picture (size, size, 3) of a BGR frame: the square of the face, or without a box the whole frame.

    A whole frame loses its proportions.
    """
    if box is None:
        scaled = cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)
    else:
        scaled = resize_square(crop_square(frame, box, 1.0), size)
    return np.ascontiguousarray(scaled[..., ::-1])


class VideoImages:
    """The `Images` of a video file, which is decoded once a call. Where no face is in it at all, faces are black."""

    def __init__(self, path: Path, track: Callable[[Path], FaceTrack] = track_face) -> None:
        """`track` finds the face, or looks it up where it was found before."""
        self._path = path
        self._track = track

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """RGB images (N, size, size, 3); see `inference.front_ends.signals.Images`.

        Raises InputError for a file that is no readable video.
        """
        if crop == "frame":
            probe_video(self._path)
            frames = frames_at(self._path, times_s.tolist(), FRAME_SIDE)
            return np.stack([picture(frame, None, size) for frame in frames])
        track = self._found
        if not len(track.times_s):
            return np.zeros((len(times_s), size, size, 3), np.uint8)
        nearest = track.nearest(times_s)
        shown = track.times_s[nearest]
        times = np.where(np.abs(shown - times_s) <= STEP_S, times_s, shown)
        frames = frames_at(self._path, times.tolist(), FRAME_SIDE)
        boxes = map(tuple, track.boxes[nearest].tolist())
        return np.stack([picture(frame, box, size) for frame, box in zip(frames, boxes, strict=True)])

    @cached_property
    def _found(self) -> FaceTrack:
        return self._track(self._path)
