"""What a network reads of the speech in each window of a recording, and how much of the window has a voice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from inference import speech
from inference.model_spec import AudioVisualSpec, SpeechEncoderInput, SpeechInput, VoiceDetection
from inference.models.audio_visual import AudioVisualNetwork, EncoderBranch
from inference.models.speech_encoder import log_mel
from inference.voice_activity import SAMPLE_RATE, measure_voice

Sound = Callable[[int], Iterable[np.ndarray]]
"""Called with a sampling rate (Hz), gives the whole mono sound of a recording as float32 chunks; more than once."""


class SpeechWindow(NamedTuple):
    """What the network reads of a window, float32, and the share of the window with a voice."""

    features: np.ndarray
    voice: float


class SpeechWindows(Protocol):
    """Turns the sound of a recording into windows that start at the rising `starts` (seconds)."""

    def __call__(self, sound: Sound, starts: Sequence[float]) -> Iterator[SpeechWindow]:
        """Yield each window."""
        ...


class MfccWindows:
    """MFCC (C, frames) of each window."""

    def __init__(self, spec: SpeechInput, seconds: float, detection: VoiceDetection = "level") -> None:
        self.spec, self.seconds, self.detection = spec, seconds, detection

    def __call__(self, sound: Sound, starts: Sequence[float]) -> Iterator[SpeechWindow]:
        """Yield each window. The level gate measures the window's own sound, at the rate of the MFCC."""
        rate, target_db, gain = self.spec.sample_rate, self.spec.level_db, 1.0
        activity = None if self.detection == "level" else measure_voice(sound(SAMPLE_RATE), self.detection)
        if activity is not None:
            gain = speech.level_gain(activity.level_db, target_db)
        elif target_db is not None:
            gain = speech.level_gain(speech.voice_level(sound(rate), rate), target_db)
        windows = speech.cut_windows(sound(rate), starts, self.seconds, rate)
        for start, window in zip(starts, windows, strict=True):
            voice = activity.ratio(start, self.seconds) if activity else speech.voice_activity_ratio(window, rate)
            yield SpeechWindow(speech.mfcc(gain * window, self.spec), voice)


class EncoderWindows:
    """Hidden states (frames, L * 384) of each window; each moment of a recording is encoded once."""

    def __init__(
        self,
        network: AudioVisualNetwork,
        spec: SpeechEncoderInput,
        seconds: float,
        detection: VoiceDetection,
        device: str = "cpu",
    ) -> None:
        assert isinstance(network.audio, EncoderBranch)
        self.network, self.features, self.device = network, network.audio.encoder.features, device
        self.spec, self.seconds, self.detection = spec, seconds, detection

    def __call__(self, sound: Sound, starts: Sequence[float]) -> Iterator[SpeechWindow]:
        """Yield each window. A recording without any voice is not encoded: its windows are zeros."""
        activity = measure_voice(sound(SAMPLE_RATE), self.detection)
        if not activity.voiced.any():
            nothing = np.zeros((self.spec.frames, self.features), np.float32)
            yield from (SpeechWindow(nothing, 0.0) for _ in starts)
            return
        rate, gain = self.spec.sample_rate, speech.level_gain(activity.level_db, self.spec.level_db)
        levelled = (gain * chunk for chunk in sound(rate))
        hidden = self.encode(_pad_to(levelled, round((starts[-1] + self.seconds) * rate)))
        windows = speech.cut_windows(hidden, starts, self.seconds, rate // self.spec.frame_samples)
        for start, window in zip(starts, windows, strict=True):
            yield SpeechWindow(window, activity.ratio(start, self.seconds))

    @torch.inference_mode()
    def encode(self, sound: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Encode a stream of mono sound chunk by chunk, each with its context: yields (n, L * 384) float32.

        An encoder distinguishes the places in what it encodes at once, so that the hidden states of a moment depend on
        its place in a chunk.
        """
        step = self.spec.frame_samples
        chunk, context = (
            round(seconds * self.spec.sample_rate) for seconds in (self.spec.chunk_s, self.spec.context_s)
        )
        stream = iter(sound)
        held, before = np.zeros(0, np.float32), 0  # samples, and how many of them precede the chunk
        while True:
            while len(held) < before + chunk + context and (piece := next(stream, None)) is not None:
                held = np.concatenate((held, piece))
            if len(held) <= before:
                return
            together = held[: before + chunk + context]
            together = np.pad(together, (0, -len(together) % step))
            mel = log_mel(torch.from_numpy(together), self.spec).unsqueeze(0)
            hidden = self.network.speech_features(mel.to(self.device))[0].cpu().numpy()
            yield hidden[before // step : (before + chunk) // step]
            held, before = held[before + chunk - context :], context


def speech_windows(network: AudioVisualNetwork, spec: AudioVisualSpec, device: str = "cpu") -> SpeechWindows:
    """Return what a network's specification makes of a recording's speech."""
    if spec.speech is not None:
        return MfccWindows(spec.speech, spec.window.seconds, spec.voice_detector)
    assert spec.encoder is not None
    return EncoderWindows(network, spec.encoder, spec.window.seconds, spec.voice_detector, device)


def _pad_to(chunks: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Yield the chunks, and silence behind them up to so many samples in all."""
    for chunk in chunks:
        yield chunk
        samples -= len(chunk)
    yield np.zeros(max(0, samples), np.float32)
