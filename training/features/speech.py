"""Speech clips as MFCC for scoring, and as mel spectrograms that are augmented and drawn into training batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from msgspec.structs import replace
from numpy.typing import NDArray
from torch import Tensor

from inference import speech
from inference.model_spec import SpeechInput
from training.data.labels import label_indices
from training.data.ravdess import Clip, read_sound
from training.features.spec_augment import SILENCE_DB, SpecAugment, mel_db

SPEECH_SPEC = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)


@dataclass(frozen=True)
class SpeechFeatures:
    """`mfcc` (clips, C, 156) of the clips' middles, or a speech encoder's hidden states (clips, 180, L * 384) of them.

    `labels` and `actors` are a clip's.
    """

    mfcc: NDArray[np.float32]
    labels: list[str]
    actors: list[int]

    def of_actors(self, actors: Sequence[int]) -> "SpeechFeatures":
        """The clips of these actors."""
        rows = np.flatnonzero(np.isin(self.actors, actors))
        return SpeechFeatures(self.mfcc[rows], [self.labels[row] for row in rows], [self.actors[row] for row in rows])


@dataclass(frozen=True)
class MelSpectrograms:
    """`mel` (clips, 128, T) in dB with silence behind the end, `lengths` (clips,) frames, `labels` a clip."""

    mel: NDArray[np.float32]
    lengths: NDArray[np.int64]
    labels: list[str]

    def subset(self, clips: NDArray[np.int64]) -> "MelSpectrograms":
        """The spectrograms of these clips."""
        return MelSpectrograms(self.mel[clips], self.lengths[clips], [self.labels[clip] for clip in clips])


def middle_mfcc(clips: list[Clip], spec: SpeechInput, seconds: float) -> SpeechFeatures:
    """MFCC of the middle of each clip; a shorter sound is padded with zeros at its end, as published."""
    length = round(seconds * spec.sample_rate)
    rows = []
    for clip in clips:
        sound = read_sound(clip, spec.sample_rate)
        first = max(0, len(sound) - length) // 2
        window = sound[first : first + length]
        rows.append(speech.mfcc(np.pad(window, (0, length - len(window))), spec))
    return SpeechFeatures(np.array(rows), [clip.label for clip in clips], [clip.actor for clip in clips])


def mean_voice_level(clips: list[Clip], spec: SpeechInput) -> float:
    """The mean of the clips' voice levels, dB of full scale: inference brings recordings to this level."""
    rate = spec.sample_rate
    levels = [speech.voice_level([read_sound(clip, rate)], rate) for clip in clips]
    return round(float(np.mean([level for level in levels if level is not None])), 1)


def mel_spectrograms(clips: list[Clip], seconds: float) -> MelSpectrograms:
    """Each whole clip as a mel spectrogram of SPEECH_SPEC, at least `seconds` long."""
    mels = [mel_db(read_sound(clip, SPEECH_SPEC.sample_rate), SPEECH_SPEC, seconds) for clip in clips]
    lengths = np.array([mel.shape[1] for mel in mels])
    padded = np.full((len(mels), SPEECH_SPEC.n_mels, lengths.max()), SILENCE_DB, dtype=np.float32)
    for row, mel in zip(padded, mels, strict=True):
        row[:, : mel.shape[1]] = mel
    return MelSpectrograms(padded, lengths, [clip.label for clip in clips])


class SpeechBatch(NamedTuple):
    """`clips` (N,) indices, their augmented `mfcc` (N, C, 156) and one-hot `targets` (N, classes)."""

    clips: Tensor
    mfcc: Tensor
    targets: Tensor


class SpeechBatches:
    """Draws speech clips that have one of `labels`, augmented at random."""

    def __init__(self, speech: MelSpectrograms, labels: Sequence[str], n_mfcc: int, seed: int) -> None:
        self.speech = speech
        self.random = np.random.default_rng(seed)
        self.augment = SpecAugment(
            replace(SPEECH_SPEC, n_mfcc=n_mfcc), SPEECH_SPEC.frames, torch.Generator().manual_seed(seed)
        )
        self.clips = np.flatnonzero(np.isin(speech.labels, labels))
        self.targets = np.zeros((len(speech.labels), len(labels)), np.float32)
        self.targets[self.clips, label_indices([speech.labels[clip] for clip in self.clips], labels)] = 1

    @property
    def generators(self) -> tuple[np.random.Generator, torch.Generator]:
        """The sources of random numbers that the batches are drawn with."""
        return self.random, self.augment.generator

    def draw(self, size: int) -> SpeechBatch:
        """A batch of `size` clips, drawn with replacement."""
        clips = self.random.choice(self.clips, size)
        mel, lengths = torch.from_numpy(self.speech.mel[clips]), torch.from_numpy(self.speech.lengths[clips])
        return SpeechBatch(torch.from_numpy(clips), self.augment(mel, lengths), torch.from_numpy(self.targets[clips]))
