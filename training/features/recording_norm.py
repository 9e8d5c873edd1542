"""Normalising the hidden states of a batch of windows by the recordings that they are of."""

import torch
from torch import Tensor

from inference.model_spec import RecordingNorm
from inference.recording_norm import scale_and_shift


def normalise(hidden: Tensor, norms: Tensor | None) -> Tensor:
    """Hidden states (N, T, F) by `norms` (N, 2, F), which scale and shift them."""
    return hidden if norms is None else hidden * norms[:, :1] + norms[:, 1:]


def batch_norms(statistics: Tensor, recordings: Tensor, spec: RecordingNorm) -> Tensor:
    """Scales and shifts (N, 2, F) by window `statistics` (N, 2, F) and the number of the recording of each (N,)."""
    counts = recordings.bincount()
    totals = statistics.new_zeros(len(counts), *statistics.shape[1:]).index_add(0, recordings, statistics)
    of_recordings = (totals / counts[:, None, None]).float()  # mixed precision may have made them shorter
    norms = scale_and_shift(spec, of_recordings.cpu().numpy(), counts.cpu().numpy())
    return torch.from_numpy(norms).to(of_recordings)[recordings]
