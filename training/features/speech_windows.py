"""Windows of speech as hidden states of the pretrained encoder: each clip in several variants, computed once."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from inference import speech
from inference.hashing import sha256_file
from inference.model_spec import SpeechEncoderInput
from inference.models.speech_encoder import WIDTH, SpeechEncoder, log_mel
from training.data.cache import cached_rows
from training.data.speech_corpora import SpeechClip, read_sound
from training.features.pretrained_encoder import load_pretrained
from training.features.sound_augmentation import (
    AUGMENTATION,
    Degradation,
    Sound,
    SoundAugmentation,
    change_level,
    degrade,
)

log = logging.getLogger(__name__)
CLEAN = "clean"
FIXED: tuple[str, ...] = (CLEAN, *get_args(Degradation))
_MAX_S = 8.0  # of a clip
_CONTINUOUS = 0.5  # share of the random variants that stand between other clips
_GAP_S = 0.4  # the longest silence between two clips
_JITTER_S = 0.6  # the farthest that a window is from the middle of its clip
_VOICES = 8  # clips of which a babble draws


class SpeechWindows:
    """Computes one window of each clip of a corpus as the states behind block `layer` of the encoder, (180, 384).

    A variant is `clean` or a fixed degradation, whose window is the clip's middle; or a number, which seeds a random
    one: the clip alone or between clips of the same speaker and label, augmented, and the window at random about it,
    anywhere in a chunk.
    """

    def __init__(
        self,
        clips: Sequence[SpeechClip],
        spec: SpeechEncoderInput,
        layer: int,
        attention_window: int | None,
        weights: Path,
        seed: int,
    ) -> None:
        """`weights` are the pretrained model of `pretrained_encoder.model_path`."""
        self.clips, self.spec, self.weights, self.seed = clips, spec, weights, seed
        self.layer, self.attention_window = layer, attention_window
        self.samples = spec.frames * spec.frame_samples
        self.context = round(spec.context_s * spec.sample_rate)
        self.alike: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, clip in enumerate(clips):
            self.alike[clip.speaker, clip.label].append(row)

    @cached_property
    def encoder(self) -> SpeechEncoder:
        """The pretrained encoder."""
        encoder = SpeechEncoder((self.layer,), self.attention_window)
        load_pretrained(encoder, self.weights)
        return encoder.eval()

    @cached_property
    def sounds(self) -> list[NDArray[np.float32]]:
        """Each clip's first 8 s."""
        rate = self.spec.sample_rate
        return [read_sound(clip, rate)[: round(_MAX_S * rate)] for clip in self.clips]

    def variant(self, name: str | int) -> NDArray[np.float16]:
        """One window of each clip (clips, 180, 384), from runs/ where it was computed before."""
        clips = hashlib.sha256(repr([(clip.path.name, clip.speaker, clip.label) for clip in self.clips]).encode())
        # A fixed window lies at the beginning of one chunk, however long that is.
        spec = asdict(replace(self.spec, chunk_s=0.0) if name in FIXED else self.spec)
        augmentation = () if name in FIXED else (AUGMENTATION,)
        encoder = (self.layer, self.attention_window, sha256_file(self.weights))
        key = (clips.hexdigest(), spec, *encoder, self.seed, name, *augmentation)
        shape = (len(self.clips), self.spec.frames, WIDTH)
        return cached_rows(f"{self.clips[0].corpus}-{name}", key, shape, lambda row: self.window(row, name))

    @torch.inference_mode()
    @torch.autocast("cpu", torch.bfloat16)  # twice as fast, and finer than what augmentation changes
    def window(self, row: int, variant: str | int) -> NDArray[np.float32]:
        """The window of a variant of a clip, encoded with its context as inference encodes a chunk."""
        generator = np.random.default_rng((self.seed, _number(variant), row))
        sound, middle = self._fixed(row, variant, generator) if variant in FIXED else self._random(row, generator)
        sound = np.pad(self._level(sound), (0, max(0, self.samples - len(sound))))
        first = int(np.clip(middle - self.samples // 2, 0, len(sound) - self.samples))
        frame = min(self.context, first) // self.spec.frame_samples
        chunk = sound[first - frame * self.spec.frame_samples : first + self.samples + self.context]
        chunk = np.pad(chunk, (0, -len(chunk) % self.spec.frame_samples)).astype(np.float32)
        mel = log_mel(torch.from_numpy(chunk), self.spec).unsqueeze(0)
        hidden = self.encoder(mel, self._position(variant, mel.shape[-1] // 2, generator))[0]
        window: NDArray[np.float32] = hidden[frame : frame + self.spec.frames].float().numpy()
        return window

    def _position(self, variant: str | int, frames: int, generator: np.random.Generator) -> int:
        """Where in a chunk of inference the first of so many frames stands: a random variant anywhere."""
        if variant in FIXED:
            return 0
        longest = (
            round((self.spec.chunk_s + 2 * self.spec.context_s) * self.spec.sample_rate) // self.spec.frame_samples
        )
        return int(generator.integers(max(0, longest - frames) + 1))

    def _fixed(self, row: int, variant: str | int, generator: np.random.Generator) -> tuple[Sound, int]:
        sound: Sound = self.sounds[row]
        if variant != CLEAN:
            sound = degrade(variant, sound, self.spec.sample_rate, generator, self._others(generator))  # type: ignore[arg-type]
        return sound, len(sound) // 2

    def _random(self, row: int, generator: np.random.Generator) -> tuple[Sound, int]:
        """The sound of a random variant and the sample in the middle of its window."""
        rate = self.spec.sample_rate
        before, clip, behind = (self._neighbour(row, generator), self.sounds[row], self._neighbour(row, generator))
        if generator.random() >= _CONTINUOUS:
            before = before[:0]
            behind = behind[:0]
        reach = self.samples // 2 + self.context
        gaps = [np.zeros(round(generator.uniform(0, _GAP_S) * rate)) for _ in range(2)]
        sound = np.concatenate((before[-reach:], gaps[0], clip, gaps[1], behind[:reach]))
        middle = (len(before[-reach:]) + len(gaps[0]) + len(clip) / 2) / len(sound)
        sound = SoundAugmentation(rate, self._others(generator))(sound, generator)
        jitter = generator.uniform(-_JITTER_S, _JITTER_S) * rate
        return sound, round(middle * len(sound) + jitter)

    def _neighbour(self, row: int, generator: np.random.Generator) -> Sound:
        alike = self.alike[self.clips[row].speaker, self.clips[row].label]
        return self.sounds[alike[generator.integers(len(alike))]]

    def _others(self, generator: np.random.Generator) -> list[Sound]:
        """Clips for the babble behind."""
        return [self.sounds[row] for row in generator.integers(len(self.clips), size=_VOICES)]

    def _level(self, sound: Sound) -> Sound:
        """The sound at the level of the specification, as inference brings a recording to it."""
        if self.spec.level_db is None:
            return sound
        level = speech.voice_level([sound], self.spec.sample_rate)
        return sound if level is None else change_level(sound, self.spec.level_db - level)


def _number(variant: str | int) -> int:
    return FIXED.index(variant) if isinstance(variant, str) else len(FIXED) + variant
