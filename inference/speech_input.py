"""What a network reads of the speech in each window of a recording, and how much of the window has a voice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from inference import speech
from inference.model_spec import AudioVisualSpec, RecordingNorm, SpeechEncoderInput, SpeechInput, VoiceDetection
from inference.models.audio_branches import EncoderBranch, window_statistics
from inference.models.audio_visual import AudioVisualNetwork
from inference.models.speech_encoder import log_mel
from inference.recording_norm import FeatureNorm, scale_and_shift
from inference.voice_activity import FRAMES_A_SECOND, SAMPLE_RATE, VoiceActivity, measure_voice

_MAX_NORM_WINDOWS = 40  # so that a long recording's mean costs a few seconds

Sound = Callable[[int], Iterable[np.ndarray]]
"""Called with a sampling rate (Hz), gives the whole mono sound of a recording as float32 chunks; more than once."""


class SpeechWindow(NamedTuple):
    """What the network reads of a window, float32, and the share of the window with a voice."""

    features: np.ndarray
    voice: float


class SpeechWindows(Protocol):
    """Turns the sound of a recording into windows that start at the rising `starts` (seconds).

    The voice of the whole recording is measured first, because its level belongs to every window.
    """

    def measure(self, sound: Sound) -> VoiceActivity:
        """Find the voice in the whole sound."""
        ...

    def measure_norm(self, sound: Sound, voice: VoiceActivity) -> FeatureNorm | None:
        """Return what normalises every window by the recording; None without a voice, and for most models."""
        ...

    def __call__(self, sound: Sound, starts: Sequence[float], voice: VoiceActivity) -> Iterator[SpeechWindow]:
        """Yield each window."""
        ...


class MfccWindows:
    """MFCC (C, frames) of each window."""

    def __init__(self, spec: SpeechInput, seconds: float, detection: VoiceDetection = "level") -> None:
        self.spec, self.seconds, self.detection = spec, seconds, detection

    def measure(self, sound: Sound) -> VoiceActivity:
        """Find the voice in the whole sound; the level gate leaves its frames to the windows."""
        if self.detection != "level":
            return measure_voice(sound(SAMPLE_RATE), self.detection)
        rate, levelled = self.spec.sample_rate, self.spec.level_db is not None
        return VoiceActivity(np.zeros(0, dtype=bool), speech.voice_level(sound(rate), rate) if levelled else None)

    def measure_norm(self, sound: Sound, voice: VoiceActivity) -> None:
        """Return nothing: MFCC are normalised window by window, if at all."""

    def __call__(self, sound: Sound, starts: Sequence[float], voice: VoiceActivity) -> Iterator[SpeechWindow]:
        """Yield each window. The level gate measures the window's own sound, at the rate of the MFCC."""
        rate, gain = self.spec.sample_rate, speech.level_gain(voice.level_db, self.spec.level_db)
        windows = speech.cut_windows(sound(rate), starts, self.seconds, rate)
        for start, window in zip(starts, windows, strict=True):
            gated = self.detection == "level"
            share = speech.voice_activity_ratio(window, rate) if gated else voice.ratio(start, self.seconds)
            yield SpeechWindow(speech.mfcc(gain * window, self.spec), share)


class EncoderWindows:
    """Hidden states (frames, L * 384) of each window; each moment of a recording is encoded once."""

    def __init__(
        self,
        network: AudioVisualNetwork,
        spec: SpeechEncoderInput,
        seconds: float,
        detection: VoiceDetection,
        device: str = "cpu",
        norm: RecordingNorm | None = None,
        min_voice: float = 0.0,
    ) -> None:
        """`min_voice` is the share of a window with a voice from which on it counts for the `norm`."""
        assert isinstance(network.audio, EncoderBranch)
        self.network, self.features, self.device = network, network.audio.encoder.features, device
        self.spec, self.seconds, self.detection = spec, seconds, detection
        self.norm, self.min_voice = norm, min_voice

    def measure(self, sound: Sound) -> VoiceActivity:
        """Find the voice in the whole sound."""
        return measure_voice(sound(SAMPLE_RATE), self.detection)

    @torch.inference_mode()
    def measure_norm(self, sound: Sound, voice: VoiceActivity) -> FeatureNorm | None:
        """Return what normalises every window by the recording; None without a voice, and for most models.

        The recording's statistics are those of its windows with a voice, one behind another; of a long recording, of a
        number of them. A window is encoded without what is around it, but in its place.
        """
        if self.norm is None:
            return None
        tiles = np.arange(0, len(voice.voiced) / FRAMES_A_SECOND, self.seconds)
        voiced = [start for start in tiles.tolist() if voice.ratio(start, self.seconds) >= self.min_voice]
        if not voiced:
            return None
        chosen = np.unique(np.linspace(0, len(voiced) - 1, min(len(voiced), _MAX_NORM_WINDOWS)).round().astype(int))
        starts = [voiced[number] for number in chosen]
        rate, gain = self.spec.sample_rate, speech.level_gain(voice.level_db, self.spec.level_db)
        total = np.zeros((2, self.features))
        for start, window in zip(starts, speech.cut_windows(sound(rate), starts, self.seconds, rate), strict=True):
            mel = log_mel(torch.from_numpy(gain * window), self.spec).unsqueeze(0)
            position = round((start % self.spec.chunk_s + self.spec.context_s) * rate / self.spec.frame_samples)
            hidden = self.network.speech_features(mel.to(self.device), position)
            total += window_statistics(hidden)[0].cpu().numpy()
        found = scale_and_shift(self.norm, total / len(starts), np.array(len(voiced)))
        return FeatureNorm(*map(tuple, found.tolist()))

    def __call__(self, sound: Sound, starts: Sequence[float], voice: VoiceActivity) -> Iterator[SpeechWindow]:
        """Yield each window. A recording without any voice is not encoded: its windows are zeros."""
        if not voice.voiced.any():
            nothing = np.zeros((self.spec.frames, self.features), np.float32)
            yield from (SpeechWindow(nothing, 0.0) for _ in starts)
            return
        rate, gain = self.spec.sample_rate, speech.level_gain(voice.level_db, self.spec.level_db)
        levelled = (gain * chunk for chunk in sound(rate))
        first = int(starts[0] / self.spec.chunk_s)
        hidden = self.encode(_pad_to(levelled, round((starts[-1] + self.seconds) * rate)), first)
        frames = rate // self.spec.frame_samples
        offset = round(first * self.spec.chunk_s * frames)
        windows = speech.cut_windows(hidden, starts, self.seconds, frames, offset)
        for start, window in zip(starts, windows, strict=True):
            yield SpeechWindow(window, voice.ratio(start, self.seconds))

    @torch.inference_mode()
    def encode(self, sound: Iterable[np.ndarray], first: int = 0) -> Iterator[np.ndarray]:
        """Encode a stream of mono sound from chunk `first` on, each with its context: yields (n, L * 384) float32.

        An encoder distinguishes the places in what it encodes at once, so that the hidden states of a moment depend on
        its place in a chunk.
        """
        step = self.spec.frame_samples
        chunk, context = (
            round(seconds * self.spec.sample_rate) for seconds in (self.spec.chunk_s, self.spec.context_s)
        )
        before = context if first else 0  # how many of the samples held precede the chunk
        stream = speech.skip_samples(sound, first * chunk - before)
        held = np.zeros(0, np.float32)
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
    min_voice = spec.support.evidence.min_voice
    return EncoderWindows(
        network, spec.encoder, spec.window.seconds, spec.voice_detector, device, spec.recording_norm, min_voice
    )


def _pad_to(chunks: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Yield the chunks, and silence behind them up to so many samples in all."""
    for chunk in chunks:
        yield chunk
        samples -= len(chunk)
    yield np.zeros(max(0, samples), np.float32)
