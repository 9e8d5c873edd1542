"""What normalises the windows of a corpus: the statistics of training speech, and recordings made of several clips."""

from collections.abc import Hashable, Sequence

import numpy as np
import torch
from torch import Tensor

from inference.model_spec import RecordingNorm
from inference.models.audio_branches import window_statistics
from inference.models.speech_encoder import SpeechEncoder
from training.features.encoded_speech import EncodedSpeech
from training.features.recording_norm import batch_norms
from training.features.speech_windows import CLEAN

_SAMPLE = 256  # clips of a corpus that tell its statistics


def fit_recording_norm(corpora: Sequence[EncodedSpeech], encoder: SpeechEncoder, prior_windows: float) -> RecordingNorm:
    """The statistics of clean speech as `encoder` says it, each corpus counted alike."""
    sampled = [_sample(speech, seed) for seed, speech in enumerate(corpora)]
    mean, deviation = torch.stack([_statistics(speech, encoder, CLEAN).mean(0) for speech in sampled]).mean(0)
    return RecordingNorm(tuple(mean.tolist()), tuple(deviation.tolist()), prior_windows)


def norms_of_recordings(
    speech: EncodedSpeech,
    spec: RecordingNorm | None,
    encoder: SpeechEncoder,
    variant: str | int,
    recordings: Sequence[Hashable],
) -> Tensor | None:
    """Scales and shifts (rows, 2, F) where rows with equal `recordings` (rows,) are windows of one recording.

    None for a model that does not normalise.
    """
    if spec is None:
        return None
    number_of = {recording: number for number, recording in enumerate(dict.fromkeys(recordings))}
    numbers = np.array([number_of[recording] for recording in recordings])
    return batch_norms(_statistics(speech, encoder, variant), torch.from_numpy(numbers), spec)


def _sample(speech: EncodedSpeech, seed: int) -> EncodedSpeech:
    chosen = np.zeros(len(speech.rows), dtype=bool)
    chosen[np.random.default_rng(seed).permutation(len(chosen))[:_SAMPLE]] = True
    return speech.where(chosen)


@torch.no_grad()
def _statistics(speech: EncodedSpeech, encoder: SpeechEncoder, variant: str | int) -> Tensor:
    """Mean and deviation (rows, 2, F) of the hidden states of a variant's windows."""
    return torch.cat([*map(window_statistics, speech.hidden(variant, encoder))])
