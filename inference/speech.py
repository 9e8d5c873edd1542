"""Speech to network input: windows of a sound track, their MFCC and their voice activity."""

from collections.abc import Iterable, Iterator, Sequence

import librosa
import numpy as np

from inference.media.mixdown import VOICE_BAND_HZ
from inference.model_spec import SpeechInput

VOICE_FLOOR_DB = -55.0  # relative to full scale; a quiet room recorded at a usual level lies below
MAX_GAIN_DB = 30.0
VOICE_FRAME_S = 0.032


def cut_windows(
    chunks: Iterable[np.ndarray], starts: Sequence[float], seconds: float, rate: int, offset: int = 0
) -> Iterator[np.ndarray]:
    """Cut a stream of mono sound, or of its features, into windows, with little more than one window in memory.

    Chunks are (n, ...) float32, `rate` rows a second, of which the first is row `offset` of the recording. Yields
    `seconds * rate` rows for each of the rising `starts` (seconds), padded with zeros after the end of the stream.
    """
    length = round(seconds * rate)
    stream = iter(chunks)
    held = np.zeros(0, dtype=np.float32)
    for start in starts:
        first = round(start * rate)
        while offset + len(held) < first + length:
            chunk = next(stream, None)
            if chunk is None:
                break
            held = np.concatenate((held, chunk)) if len(held) else chunk
            behind = min(max(0, first - offset), len(held))
            held, offset = held[behind:], offset + behind
        cut = held[max(0, first - offset) :][:length]
        yield np.pad(cut, ((0, length - len(cut)), *[(0, 0)] * (cut.ndim - 1)))


def skip_samples(chunks: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Yield the stream without its first `samples`."""
    for chunk in chunks:
        rest = chunk[min(samples, len(chunk)) :]
        samples -= len(chunk) - len(rest)
        if len(rest):
            yield rest


def mfcc(sound: np.ndarray, spec: SpeechInput) -> np.ndarray:
    """Compute the MFCC (n_mfcc, frames) float32, unscaled, of one window of mono sound (samples,) float32."""
    return librosa.feature.mfcc(
        y=sound,
        sr=spec.sample_rate,
        n_mfcc=spec.n_mfcc,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        n_mels=spec.n_mels,
    ).astype(np.float32)


def voice_activity_ratio(sound: np.ndarray, rate: int) -> float:
    """Return the share, 0..1, of 32 ms frames whose level between 100 and 4000 Hz is above -55 dB of full scale."""
    powers = voice_powers(sound, rate)
    return float(np.mean(is_loud(powers))) if len(powers) else 0.0


def voice_level(chunks: Iterable[np.ndarray], rate: int) -> float | None:
    """Return the level of the voice in a stream of mono sound, dB of full scale; None without voice.

    It is the mean power between 100 and 4000 Hz of the frames that `voice_activity_ratio` counts.
    """
    total, count = 0.0, 0
    for piece in whole_frames(chunks, rate):
        powers = voice_powers(piece, rate)
        voiced = powers[is_loud(powers)]
        total, count = total + float(voiced.sum()), count + len(voiced)
    return 10 * float(np.log10(total / count)) if count else None


def level_gain(level_db: float | None, target_db: float | None) -> float:
    """Return the factor that brings a recording's voice to `target_db`, the mean level of the training voices.

    Loudness within a recording is informative, the distance of the microphone is not. It is 1 where the recording has
    no voice, or the model uses the level as it is.
    """
    if level_db is None or target_db is None:
        return 1.0
    return 10 ** (float(np.clip(target_db - level_db, -MAX_GAIN_DB, MAX_GAIN_DB)) / 20)


def whole_frames(chunks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Regroup the stream into whole 32 ms frames, a second or more at once but for the last."""
    frame, held, pieces = round(VOICE_FRAME_S * rate), 0, []
    for chunk in chunks:
        pieces.append(chunk)
        held += len(chunk)
        if held >= rate:
            together = np.concatenate(pieces)
            cut = held // frame * frame
            yield together[:cut]
            pieces, held = [together[cut:]], held - cut
    if held:
        yield np.concatenate(pieces)


def is_loud(powers: np.ndarray) -> np.ndarray:
    """Return which mean squares are above -55 dB of full scale."""
    loud: np.ndarray = 10 * np.log10(powers + 1e-12) > VOICE_FLOOR_DB
    return loud


def voice_powers(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return the mean square between 100 and 4000 Hz of each 32 ms frame."""
    length = round(VOICE_FRAME_S * rate)
    frames = sound[: len(sound) // length * length].reshape(-1, length)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(length), axis=1)) ** 2
    bins = np.fft.rfftfreq(length, 1 / rate)
    band = (bins >= VOICE_BAND_HZ[0]) & (bins <= VOICE_BAND_HZ[1])
    # Parseval: the mean square of the band, with the energy of the window divided out.
    powers: np.ndarray = 2 * spectrum[:, band].sum(axis=1) / (length * np.sum(np.hanning(length) ** 2))
    return powers


def warm_up() -> None:
    """Make librosa's first call, which compiles for seconds."""
    spec = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)
    mfcc(np.zeros(2048, dtype=np.float32), spec)
