"""What the audio-video network is fitted on, computed once: MFCC of speech and features of faces."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inference.models.backbone import EfficientFace
from training.datasets.composed import moving_head
from training.datasets.fer2013 import LABELS, Faces
from training.datasets.ravdess import Clip, read_sound
from training.fit_backbone import as_network_input
from training.speech_variants import changed, plain

log = logging.getLogger(__name__)
_REPORT_EVERY = 200


@dataclass(frozen=True)
class SpeechBank:
    """`mfcc` (clips, variants, 10, 156), the first variant unchanged; `labels` and `actors` a clip."""

    mfcc: np.ndarray
    labels: list[str]
    actors: list[int]

    def only(self, labels: Sequence[str]) -> "SpeechBank":
        """The clips that carry one of `labels`."""
        kept = [row for row, label in enumerate(self.labels) if label in labels]
        return SpeechBank(self.mfcc[kept], [self.labels[row] for row in kept], [self.actors[row] for row in kept])


@dataclass(frozen=True)
class FaceBank:
    """`features` (images, views, 1024) along a moving head's path; `labels` an image."""

    features: np.ndarray
    labels: list[str]


def kept_speech_bank(clips: list[Clip], spec: dict, seconds: float, variants: int, seed: int) -> SpeechBank:
    """As `speech_bank`, kept in the ignored folder runs/ for the next run with the same arguments."""
    asked = json.dumps([[str(clip.path) for clip in clips], spec, seconds, variants, seed])
    kept = Path("runs", f"speech-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.npz")
    if kept.exists():
        with np.load(kept, allow_pickle=False) as bank:
            return SpeechBank(bank["mfcc"], bank["labels"].tolist(), bank["actors"].tolist())
    bank = speech_bank(clips, spec, seconds, variants, seed)
    kept.parent.mkdir(exist_ok=True)
    np.savez(kept, mfcc=bank.mfcc, labels=np.array(bank.labels), actors=np.array(bank.actors))
    return bank


def speech_bank(clips: list[Clip], spec: dict, seconds: float, variants: int, seed: int) -> SpeechBank:
    """Read every clip and compute its window as it is and `variants` - 1 changed ones."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, clip in enumerate(clips, 1):
        sound = read_sound(clip, spec["sample_rate"])
        rows.append(
            [plain(sound, spec, seconds)] + [changed(sound, spec, seconds, generator) for _ in range(variants - 1)]
        )
        if number % _REPORT_EVERY == 0:
            log.info("speech %d/%d clips", number, len(clips))
    return SpeechBank(np.array(rows), [clip.label for clip in clips], [clip.actor for clip in clips])


@torch.inference_mode()
def face_bank(backbone: EfficientFace, faces: Faces, chosen: np.ndarray, size: int, views: int, seed: int) -> FaceBank:
    """Features of `views` places on a moving head's path, for each chosen image."""

    generator = torch.Generator().manual_seed(seed)
    backbone = backbone.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = []
    for number, index in enumerate(chosen, 1):
        rows.append(read_faces(backbone, moving_head(faces.images[index], generator, size, views)).numpy())
        if number % _REPORT_EVERY == 0:
            log.info("faces %d/%d images", number, len(chosen))
    return FaceBank(np.array(rows), [LABELS[faces.labels[index]] for index in chosen])


def read_faces(backbone: EfficientFace, grey: Tensor) -> Tensor:
    """Grey faces (N, 1, S, S) -> features (N, 1024)."""
    return backbone(as_network_input(grey))


def balanced(faces: Faces, per_label: int, seed: int) -> np.ndarray:
    """Indices of up to `per_label` images of every label, drawn at random."""

    generator = np.random.default_rng(seed)
    drawn = [generator.permutation(faces.of(label))[:per_label] for label in LABELS]
    return np.concatenate(drawn)
