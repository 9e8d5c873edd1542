"""The faces of a recording on its sampling grid, as the audio-visual network reads them."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from inference.face_tracking import NO_FACE, FaceQuality
from inference.types import Faces


@dataclass
class FaceTrack:
    """The recording's faces on its sampling grid: `features` (samples, F), `detected` (samples,) bool, and boxes.

    `quality` (samples, 4) holds each sample's FaceQuality, zeros without a face; None where it was not measured.
    """

    features: Tensor
    detected: np.ndarray
    faces: Faces
    quality: np.ndarray | None = None

    @property
    def share(self) -> float:
        """The share of the samples that are there, 0..1."""
        return 1.0

    def wait_for(self, samples: int) -> None:
        """Wait until the first `samples` samples are there."""

    def mean_quality(self, start: int, samples: int) -> FaceQuality | None:
        """Return the mean over those `samples` from `start` on that have a face; zeros without any."""
        if self.quality is None:
            return None
        window = slice(start, start + samples)
        detected = self.quality[window][self.detected[window]]
        return FaceQuality(*detected.mean(axis=0).tolist()) if len(detected) else NO_FACE
