"""The pictures of a video at any times: the whole frame, or the square of its largest face."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.face_tracking import FaceTracker, crop_square, resize_square
from inference.front_ends.signals import Crop
from inference.media.decode import frames_at
from inference.media.probe import probe_video
from inference.model_spec import FaceInput

FRAME_SIDE = 640  # pixels of the longer side to which frames are shrunk, as at inference
STEP_S = 0.2  # between two searches for the face
_TRACKED = FaceInput(samples=1, size=48, grey=False, native_size=48, crop_scale=1.0, frame_side=FRAME_SIDE)


@dataclass(frozen=True)
class FaceTrack:
    """Where a video shows a face: `times_s` (N,), rising, and `boxes` (N, 4), left, top, width, height.

    Boxes are in pixels of the frame with a longer side of at most FRAME_SIDE.
    """

    times_s: NDArray[np.float64]
    boxes: NDArray[np.int64]


def track_face(path: Path) -> FaceTrack:
    """Search a video for its largest face every STEP_S. Raises InputError for a file that is no readable video."""
    tracker = FaceTracker(_TRACKED)
    times = np.arange(0.0, probe_video(path).duration_s, STEP_S)
    found = [tracker(frame).box for frame in frames_at(path, times.tolist(), FRAME_SIDE)]
    seen = np.array([box is not None for box in found])
    return FaceTrack(times[seen], np.array([box for box in found if box is not None], np.int64).reshape(-1, 4))


class VideoImages:
    """The `Images` of a video file, which is decoded once a call. Where no face is in it at all, faces are black."""

    def __init__(self, path: Path, track: Callable[[Path], FaceTrack] = track_face) -> None:
        """`track` finds the face, or looks it up where it was found before."""
        self._path = path
        self._track = track

    def sample(self, times_s: NDArray[np.float64], crop: Crop, size: int) -> NDArray[np.uint8]:
        """RGB images (N, size, size, 3); see `inference.front_ends.signals.Images`.

        A whole frame loses its proportions. Raises InputError for a file that is no readable video.
        """
        if crop == "frame":
            probe_video(self._path)
            frames = frames_at(self._path, times_s.tolist(), FRAME_SIDE)
            return _stacked([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames])
        track = self._found
        if not len(track.times_s):
            return np.zeros((len(times_s), size, size, 3), np.uint8)
        nearest = np.abs(track.times_s[None] - times_s[:, None]).argmin(axis=1)
        shown = track.times_s[nearest]
        times = np.where(np.abs(shown - times_s) <= STEP_S, times_s, shown)
        frames = frames_at(self._path, times.tolist(), FRAME_SIDE)
        boxes = map(tuple, track.boxes[nearest].tolist())
        return _stacked(
            [resize_square(crop_square(frame, box, 1.0), size) for frame, box in zip(frames, boxes, strict=True)]
        )

    @cached_property
    def _found(self) -> FaceTrack:
        return self._track(self._path)


def _stacked(pictures: list[np.ndarray]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.stack(pictures)[..., ::-1])
