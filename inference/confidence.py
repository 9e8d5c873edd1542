"""How far the confidence of a window can be trusted: by how well its face and its voice were recorded."""

import numpy as np
from torch import Tensor

from inference.model_spec import SupportInput, VoiceReference


def support_temperature(support: SupportInput, face_px: float | None, voice_novelty: float | None) -> float:
    """Return the factor of a window's temperature, 1 where all is as in training.

    Temperature scaling (Guo et al. 2017) with a log-linear temperature. `face_px` is the mean longer side of the
    window's faces in the searched frame and `voice_novelty` how unlike its voice is those that the model was fitted on,
    0..1; both are None where there is none, or it is not known.
    """
    factor = 1.0
    if support.small_face is not None and face_px is not None:
        factor *= support.small_face.temperature ** support.small_face.grade(face_px)
    if support.voice is not None and voice_novelty is not None:
        factor *= support.voice.temperature**voice_novelty
    return factor


def novelty(reference: VoiceReference, features: Tensor) -> list[float]:
    """Return how novel voices are, 0..1 each, by their features (N, F) of `AudioVisualNetwork.voice_features`."""
    distances = voice_distances(features.numpy(), np.array(reference.mean), np.array(reference.deviation))
    near, far = reference.limits
    grades: list[float] = np.clip((distances - near) / (far - near), 0, 1).tolist()
    return grades


def voice_distances(features: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return the distances (N,) of features (N, F) from `mean` (F,), in deviations (F,), as a mean over F.

    The Mahalanobis distance of Lee et al. (2018, arXiv 1807.03888) with a diagonal covariance, divided by sqrt(F).
    """
    distances: np.ndarray = np.sqrt((((features - mean) / deviation) ** 2).mean(axis=1))
    return distances
