"""How recordings of a speaker normalise the hidden states of their windows (`inference.recording_norm`)."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.model_spec import RecordingNorm
from inference.recording_norm import scale_and_shift
from training.features.encoded_speech import EncodedSpeech
from training.features.speech_windows import CLEAN
from training.schema.sections import RecordingNormConfig


def fit_recording_norm(corpora: Sequence[EncodedSpeech], config: RecordingNormConfig) -> RecordingNorm:
    """The statistics of clean speech, each corpus counted alike."""
    mean, deviation = np.mean([speech.statistics[CLEAN][speech.rows].mean(0) for speech in corpora], axis=0)
    return RecordingNorm(tuple(mean.tolist()), tuple(deviation.tolist()), config.prior_windows)


def norms_of_recordings(
    speech: EncodedSpeech, spec: RecordingNorm | None, variant: str | int, recordings: Sequence[Hashable]
) -> Tensor | None:
    """Scales and shifts (rows, 2, F) where rows with equal `recordings` (rows,) are windows of one recording.

    None for a model that does not normalise.
    """
    if spec is None:
        return None
    together: dict[Hashable, list[int]] = defaultdict(list)
    for place, recording in enumerate(recordings):
        together[recording].append(place)
    found = speech.statistics[variant][speech.rows]
    norms = np.empty_like(found)
    for places in together.values():
        norms[places] = scale_and_shift(spec, found[places].mean(0), np.array(len(places)))
    return torch.from_numpy(norms)


class SpeakerNorms:
    """Draws how a recording with a window in it would normalise that: one of this clip, of some, or of all.

    The others are clips of the same speaker in the same variant.
    """

    def __init__(self, speech: EncodedSpeech, spec: RecordingNorm, some: int) -> None:
        """`some` is the largest number of clips of a short recording."""
        self.speech, self.spec, self.some = speech, spec, some
        speakers = speech.speakers
        self.rows_of = {speaker: speech.rows[speakers == speaker] for speaker in np.unique(speakers)}

    def draw(self, row: int, variant: str | int, random: np.random.Generator) -> NDArray[np.float32]:
        """Scale and shift (2, F) for the window of clip `row`."""
        spoken = self.rows_of[self.speech.clips[row].speaker]
        others = spoken[spoken != row]
        count = (0, int(random.integers(self.some)), len(others))[random.integers(3)]
        rows = [row, *random.choice(others, min(count, len(others)), replace=False)]
        found = self.speech.statistics[variant][rows].mean(0)
        norm: NDArray[np.float32] = scale_and_shift(self.spec, found, np.array(len(rows))).astype(np.float32)
        return norm
