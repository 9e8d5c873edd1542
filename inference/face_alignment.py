"""Faces are aligned by five landmarks: a similarity transform moves them to fixed places of the crop."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Eyes, nose and corners of the mouth as MTCNN finds them in the mean face of FER-2013, as fractions of the side: there
# a face that is aligned has the size of one that is not.
TEMPLATE = np.array([(0.317, 0.405), (0.683, 0.405), (0.5, 0.617), (0.347, 0.798), (0.653, 0.798)])

_MIN_SCALE = 1 / 16  # of a sampled frame to a crop: bounds the work where landmarks make no sense


def align(picture: np.ndarray, landmarks: NDArray[np.floating], size: int) -> np.ndarray:
    """Turn, scale and move a picture (H, W) or (H, W, 3) uint8 so that its `landmarks` come to lie on TEMPLATE.

    `landmarks` (5, 2) are x, y in pixels, in the order of the template; the crop is (size, size) with the same
    channels. Where the picture is shrunk, a pixel of the crop is the mean of what it covers; beyond the edge, the
    border is repeated.
    """
    matrix = similarity(landmarks, TEMPLATE * size)
    shrinks = max(1, round(1 / max(np.hypot(matrix[0, 0], matrix[1, 0]), _MIN_SCALE)))
    # Pixel centres lie at whole numbers, landmarks and template count from the edge of the first pixel.
    matrix = shrinks * matrix
    matrix[:, 2] += 0.5 * matrix[:, :2].sum(axis=1) - 0.5
    side = shrinks * size
    interpolation = cv2.INTER_CUBIC if shrinks == 1 else cv2.INTER_LINEAR
    crop = cv2.warpAffine(picture, matrix, (side, side), flags=interpolation, borderMode=cv2.BORDER_REPLICATE)
    return crop if shrinks == 1 else cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def similarity(points: NDArray[np.floating], places: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, scale and shift (2, 3) that bring `points` (N, 2) closest to `places` (N, 2), by least squares."""
    source, target = (array[:, 0] + 1j * array[:, 1] for array in (points, places))
    middle = source.mean()
    spread = np.vdot(source - middle, source - middle).real
    turn = np.vdot(source - middle, target) / max(spread, 1e-9)
    shift = target.mean() - turn * middle
    return np.array([(turn.real, -turn.imag, shift.real), (turn.imag, turn.real, shift.imag)])
