"""What the audio-video network is fitted on and scored with, computed once: MFCC of speech, features of faces."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inference import speech
from inference.model_spec import SpeechInput
from inference.models.audio_visual import AudioVisualNetwork
from training.data.fer2013 import LABELS, Faces
from training.data.ravdess import Clip, read_sound
from training.data.synthetic_pairs import moving_head
from training.features.spec_augment import SILENCE_DB, mel_db
from training.tasks.backbone import as_network_input

log = logging.getLogger(__name__)
CACHE = Path("runs")  # ignored by git
_AT_ONCE = 16
_REPORT_EVERY = 800


@dataclass(frozen=True)
class SpeechBank:
    """`mfcc` (clips, 10, 156) of the clips' middles; `labels` and `actors` a clip."""

    mfcc: np.ndarray
    labels: list[str]
    actors: list[int]


@dataclass(frozen=True)
class MelBank:
    """`mel` (clips, 128, T) in dB with silence behind the end, `lengths` (clips,) frames, `labels` a clip."""

    mel: np.ndarray
    lengths: np.ndarray
    labels: list[str]


@dataclass(frozen=True)
class FaceBank:
    """`features` (images, views, F) along a moving head's path; `labels` an image."""

    features: np.ndarray
    labels: list[str]


def speech_bank(clips: list[Clip], spec: SpeechInput, seconds: float) -> SpeechBank:
    """Read every clip and compute the MFCC of its middle; a shorter sound gets zeros at its end, as published."""
    length = round(seconds * spec.sample_rate)
    rows = []
    for clip in clips:
        sound = read_sound(clip, spec.sample_rate)
        first = max(0, len(sound) - length) // 2
        window = sound[first : first + length]
        rows.append(speech.mfcc(np.pad(window, (0, length - len(window))), spec))
    return SpeechBank(np.array(rows), [clip.label for clip in clips], [clip.actor for clip in clips])


def speech_level(clips: list[Clip], spec: SpeechInput) -> float:
    """The mean of the clips' voice levels, dB of full scale: what inference brings a recording to."""
    rate = spec.sample_rate
    levels = [speech.voice_level([read_sound(clip, rate)], rate) for clip in clips]
    return round(float(np.mean([level for level in levels if level is not None])), 1)


def mel_bank(clips: list[Clip], spec: SpeechInput, seconds: float) -> MelBank:
    """The whole of every clip as a mel spectrogram."""
    mels = [mel_db(read_sound(clip, spec.sample_rate), spec, seconds) for clip in clips]
    lengths = np.array([mel.shape[1] for mel in mels])
    bank = np.full((len(mels), spec.n_mels, lengths.max()), SILENCE_DB, dtype=np.float32)
    for row, mel in zip(bank, mels, strict=True):
        row[:, : mel.shape[1]] = mel
    return MelBank(bank, lengths, [clip.label for clip in clips])


@torch.inference_mode()
def face_bank(network: AudioVisualNetwork, faces: Faces, size: int, views: int, seed: int) -> FaceBank:
    """Features of `views` places on a moving head's path for each image, half of which are mirrored."""
    generator = torch.Generator().manual_seed(seed)
    mirrored = np.random.default_rng(seed).random(len(faces)) < 0.5
    network.eval()
    rows: list[np.ndarray] = []
    for start in range(0, len(faces), _AT_ONCE):
        images = faces.images[start : start + _AT_ONCE]
        turned = np.where(mirrored[start : start + _AT_ONCE, None, None], images[:, :, ::-1], images)
        heads = torch.cat([moving_head(image, generator, size, views) for image in turned])
        rows.extend(read_faces(network, heads).unflatten(0, (-1, views)).numpy())
        if len(rows) % _REPORT_EVERY == 0:
            log.info("faces %d/%d images", len(rows), len(faces))
    return FaceBank(np.array(rows), [LABELS[label] for label in faces.labels])


def kept(kind: str, asked: Sequence[Any], make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `make` returns, from runs/ where the same were `asked` for before."""
    key = hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:16]
    path = CACHE / f"{kind}-{key}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npz")
        np.savez(unfinished, allow_pickle=False, **make())
        unfinished.replace(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def read_faces(network: AudioVisualNetwork, grey: Tensor) -> Tensor:
    """Grey faces (N, 1, S, S) -> features (N, F)."""
    return network.face_features(as_network_input(grey))
