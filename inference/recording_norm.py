"""Mean and variance normalisation of hidden states by the recording they are of, as CMVN normalises cepstra."""

from typing import NamedTuple

import numpy as np

from inference.model_spec import RecordingNorm


class FeatureNorm(NamedTuple):
    """What each of F features is multiplied by, and what is added then."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Normalise features (..., F) float32."""
        normalised: np.ndarray = features * np.array(self.scale, np.float32) + np.array(self.shift, np.float32)
        return normalised


def scale_and_shift(spec: RecordingNorm, statistics: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Return scales and shifts (..., 2, F) that bring a recording's statistics to those of training.

    `statistics` (..., 2, F) are the mean over the recording's windows of a feature's mean and of its deviation in a
    window, `windows` (...) how many these are: the fewer, the less they count.
    """
    mean, deviation = np.array(spec.mean), np.array(spec.deviation)
    weight = (windows / (windows + spec.prior_windows))[..., None]
    scale = (deviation / statistics[..., 1, :]) ** weight
    shift = mean - scale * (mean + weight * (statistics[..., 0, :] - mean))
    return np.stack((scale, shift), axis=-2)
