"""Random augmentation of speech as sound: channels, rooms, backgrounds, codecs; and fixed degradations for scoring.

Sound is mono float, (samples,). Every function returns new sound and leaves its input as it is.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

Sound = NDArray[np.floating[Any]]
Codec = Literal["mp3", "vorbis", "opus"]
Degradation = Literal["telephone", "reverb", "babble", "trimmed"]

TELEPHONE_HZ = (300.0, 3400.0)
REVERB_S = 0.5
DIRECT_DB = -4.0
BABBLE_DB = 5.0
TRIM_DB = 30.0
_VOICES = 6  # of a babble
AUGMENTATION = 2  # counts the ways in which sound was augmented: what was computed in another is computed anew
_MU = 255  # of G.711
_CODE = 127  # levels of a sign in G.711's eight bits


def degrade(
    kind: Degradation, sound: Sound, rate: int, generator: np.random.Generator, others: Sequence[Sound]
) -> Sound:
    """One of the fixed degradations that models are scored on.

    - `telephone`: 300 to 3400 Hz, eight-bit mu-law.
    - `reverb`: a room of 0.5 s reverberation time with the direct sound 4 dB below the reverberation.
    - `babble`: six voices of `others` behind, 5 dB below the speech together.
    - `trimmed`: leading and trailing sound more than 30 dB below the loudest is cut off.
    """
    match kind:
        case "telephone":
            return telephone(sound, rate, TELEPHONE_HZ)
        case "reverb":
            return reverberate(sound, rate, generator, REVERB_S, DIRECT_DB)
        case "babble":
            return add(sound, babble(len(sound), generator, others), BABBLE_DB)
        case "trimmed":
            return trim(sound)


def telephone(sound: Sound, rate: int, band_hz: tuple[float, float]) -> Sound:
    """The pass band of a telephone and its eight-bit mu-law quantisation (ITU-T G.711), relative to the peak."""
    narrow: Sound = signal.sosfilt(signal.butter(4, band_hz, "bandpass", fs=rate, output="sos"), sound)
    peak = float(np.abs(narrow).max()) or 1.0
    code = np.round(_CODE * np.sign(narrow) * np.log1p(_MU * np.abs(narrow) / peak) / np.log1p(_MU)) / _CODE
    expanded: Sound = peak * np.sign(code) * np.expm1(np.abs(code) * np.log1p(_MU)) / _MU
    return expanded


def reverberate(sound: Sound, rate: int, generator: np.random.Generator, seconds: float, direct_db: float) -> Sound:
    """The sound in a room whose reverberation falls by 60 dB in `seconds`: noise that decays exponentially.

    The direct sound arrives 2 to 10 ms before it; `direct_db` is its energy relative to that of the reverberation.
    The result is as long as the sound.
    """
    time = np.arange(round(seconds * rate)) / rate
    tail = signal.lfilter([1], [1, -0.3], generator.standard_normal(len(time))) * 10 ** (-3 * time / seconds)
    tail /= np.sqrt(np.sum(tail**2))
    gap = np.zeros(round(generator.uniform(0.002, 0.01) * rate))
    response = np.concatenate(([10 ** (direct_db / 20)], gap, tail))
    wet: Sound = signal.fftconvolve(sound, response)[: len(sound)]
    return wet


def low_pass(sound: Sound, rate: int, hz: float) -> Sound:
    """Nothing above `hz`."""
    low: Sound = signal.sosfilt(signal.butter(6, hz, fs=rate, output="sos"), sound)
    return low


def change_speed(sound: Sound, percent: int) -> Sound:
    """The sound at `percent` of its speed and pitch."""
    changed: Sound = signal.resample_poly(sound, 100, percent)
    return changed


def change_level(sound: Sound, decibels: float) -> Sound:
    """The sound louder by `decibels`."""
    changed: Sound = sound * 10 ** (decibels / 20)
    return changed


def trim(sound: Sound) -> Sound:
    """The sound without what is more than 30 dB below its loudest frame at either end."""
    trimmed: Sound = librosa.effects.trim(sound, top_db=TRIM_DB, frame_length=512, hop_length=128)[0]
    return trimmed if len(trimmed) else sound


def compress(sound: Sound, rate: int, codec: Codec) -> Sound:
    """The sound after a lossy codec at its lowest bit rate (7 to 40 kbit/s); as long as before."""
    container, subtype = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}[codec]
    with io.BytesIO() as file:
        clipped = np.clip(sound, -1, 1).astype(np.float32)
        soundfile.write(file, clipped, rate, format=container, subtype=subtype, compression_level=0.99)
        file.seek(0)
        decoded: Sound = soundfile.read(file, dtype="float32")[0][: len(sound)]
    return np.pad(decoded, (0, len(sound) - len(decoded)))


def add(sound: Sound, background: Sound, ratio_db: float) -> Sound:
    """The sound with a `background` of the same length whose power is `ratio_db` below its own."""
    gain = _root_mean_square(sound) / max(_root_mean_square(background), 1e-9) * 10 ** (-ratio_db / 20)
    return sound + gain * background


def _root_mean_square(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def babble(length: int, generator: np.random.Generator, others: Sequence[Sound]) -> Sound:
    """Six voices of `others`, repeated and shifted at random, equally loud."""
    voices = np.zeros(length)
    for number in generator.integers(len(others), size=_VOICES):
        voice = np.roll(np.resize(others[number], length), generator.integers(length))
        voices += voice / max(_root_mean_square(voice), 1e-6)
    return voices


def music(length: int, rate: int, generator: np.random.Generator) -> Sound:
    """Chords of three notes of a scale with five overtones, each of which fades, 0.2 to 1 s apart."""
    notes, root = np.zeros(length), generator.uniform(100, 300)
    start = 0
    while start < length:
        end = min(length, start + round(generator.uniform(0.2, 1.0) * rate))
        time = np.arange(end - start) / rate
        for semitones in generator.choice((0, 3, 4, 7, 9, 12, 16), 3, replace=False):
            hz = root * 2 ** (semitones / 12)
            for overtone in range(1, 6):
                wave = np.sin(2 * np.pi * (overtone * hz * time + generator.random()))
                notes[start:end] += wave * np.exp(-time * generator.uniform(1, 4)) / overtone
        start = end
    return notes


def hum(length: int, rate: int, generator: np.random.Generator) -> Sound:
    """The mains at 50 or 60 Hz with overtones."""
    time, mains = np.arange(length) / rate, generator.choice((50.0, 60.0))
    waves = [np.sin(2 * np.pi * (k * mains * time + generator.random())) * generator.random() for k in range(1, 9)]
    together: Sound = np.sum(waves, axis=0)
    return together


def noise(length: int, generator: np.random.Generator) -> Sound:
    """Noise between white and brown."""
    coloured: Sound = signal.lfilter([1], [1, -generator.uniform(0, 0.97)], generator.standard_normal(length))
    return coloured


@dataclass(frozen=True)
class SoundAugmentation:
    """Random augmentation of sound at `rate` that keeps the label; `others` are clips for the babble behind."""

    rate: int
    others: Sequence[Sound]

    def __call__(self, sound: Sound, generator: np.random.Generator) -> Sound:
        """Another speed in half of the cases, then one channel, room or background, or two, or none; another level.

        Rooms and voices behind, which cost the most, come most often.
        """
        if generator.random() < 0.5:
            sound = change_speed(sound, int(generator.integers(90, 111)))
        changes: tuple[Callable[[Sound, np.random.Generator], Sound], ...] = (
            self._telephone,
            *3 * (self._room,),
            *2 * (self._babble,),
            *2 * (self._babble_in_room,),
            self._room_behind_telephone,
            self._music,
            self._noise,
            self._hum,
            self._low_pass,
            self._codec,
            lambda sound, _: trim(sound),
            lambda sound, _: sound,
        )
        sound = changes[generator.integers(len(changes))](sound, generator)
        return change_level(sound, generator.normal(0, 3))

    def _telephone(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return telephone(sound, self.rate, (generator.uniform(200, 400), generator.uniform(2800, 3800)))

    def _room(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return reverberate(sound, self.rate, generator, generator.uniform(0.2, 0.8), generator.uniform(-9, 3))

    def _babble(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return add(sound, babble(len(sound), generator, self.others), generator.uniform(0, 15))

    def _music(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return add(sound, music(len(sound), self.rate, generator), generator.uniform(3, 18))

    def _noise(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return add(sound, noise(len(sound), generator), generator.uniform(5, 25))

    def _hum(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return add(sound, hum(len(sound), self.rate, generator), generator.uniform(5, 25))

    def _low_pass(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return low_pass(sound, self.rate, generator.uniform(2000, 7000))

    def _codec(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return compress(sound, self.rate, generator.choice(("mp3", "vorbis", "opus")))

    def _room_behind_telephone(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return self._telephone(self._room(sound, generator), generator)

    def _babble_in_room(self, sound: Sound, generator: np.random.Generator) -> Sound:
        return self._babble(self._room(sound, generator), generator)
