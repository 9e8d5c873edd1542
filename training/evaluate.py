"""Score an audio-video model on faces alone, speech alone and clips composed of both."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inference import store
from inference.audio_video import AudioVideoReader
from inference.models.audio_video import SAMPLES
from training.banks import SpeechBank, read_faces, speech_bank
from training.datasets import fer2013, ravdess
from training.datasets.composed import FACE_OF, draw_faces, moving_head
from training.fit_audio_video import no_faces

log = logging.getLogger(__name__)
DRAWS = 5
_BATCH = 64


def evaluate(
    reference: str, *, faces: Path | None, speech: Path | None, actors: list[int] | None = None
) -> dict[str, dict[str, Any]]:
    """Score a model of the store; see `evaluate_reader`."""
    reader = AudioVideoReader.open(store.find(reference))
    return evaluate_reader(reader, faces=faces, speech=speech, actors=actors)


def evaluate_reader(
    reader: AudioVideoReader, *, faces: Path | None, speech: Path | None, actors: list[int] | None = None
) -> dict[str, dict[str, Any]]:
    """Accuracies by part: `faces` for a FER-2013 npz, `speech` for a RAVDESS folder, `composed` for both.

    Only clips and images with a label of the model count. Composed: each clip with one face
    image of its label, the mean of five seeded draws.
    """
    labels = reader.labels
    result: dict[str, dict[str, Any]] = {}
    images = fer2013.read_npz(faces) if faces else None
    if images is not None:
        result["faces"] = face_score(reader, images)
    if speech:
        clips = [clip for clip in ravdess.read_clips(speech, actors) if clip.label in labels]
        bank = speech_bank(clips, reader.speech, reader.seconds)
        result["speech"] = speech_score(reader, bank)
        if images is not None:
            result["composed"] = composed_score(reader, bank, clips, images)
    return result


def _score(right: np.ndarray) -> dict[str, Any]:
    return {"accuracy": round(float(np.mean(right)), 4), "n": int(right.size)}


@torch.inference_mode()
def face_score(reader: AudioVideoReader, faces: fer2013.Faces) -> dict[str, Any]:
    """Accuracy on still faces without speech. Labels that share a face (calm, neutral) count as one."""
    network, labels = reader.network, reader.labels
    shown = [FACE_OF.get(label, label) for label in labels]
    names = sorted(set(shown))
    merge = torch.tensor([[float(face == name) for name in names] for face in shown])
    wanted = np.array([fer2013.LABELS[index] for index in faces.labels])
    kept = np.flatnonzero(np.isin(wanted, names))
    right = []
    for start in range(0, len(kept), _BATCH):
        chosen = kept[start : start + _BATCH]
        features = network.face_features(reader.as_faces(faces.images[chosen]))
        silence = torch.zeros(len(chosen), reader.speech["n_mfcc"], reader.speech["frames"])
        logits = network.fuse(silence, features.unsqueeze(1).expand(-1, SAMPLES, -1))
        read = (logits.softmax(1) @ merge).argmax(1)
        right += [names[index] == wanted[image] for index, image in zip(read.tolist(), chosen, strict=True)]
    return _score(np.array(right))


@torch.inference_mode()
def speech_score(reader: AudioVideoReader, bank: SpeechBank) -> dict[str, Any]:
    """Accuracy on clips without a face."""
    mfcc = torch.from_numpy(bank.mfcc)
    logits = reader.network.fuse(mfcc, no_faces(reader.network, len(mfcc), reader.face["size"]))
    return _score(logits.argmax(1).numpy() == _indices(bank, reader.labels))


def composed_score(
    reader: AudioVideoReader, bank: SpeechBank, clips: list[ravdess.Clip], faces: fer2013.Faces
) -> dict[str, Any]:
    """Accuracy on composed clips, each draw of faces seeded by its number."""
    wanted = _indices(bank, reader.labels)
    right = []
    for seed in range(DRAWS):
        logits = composed_logits(reader, bank, faces.images[draw_faces(clips, faces, seed)], seed)
        right.append(logits.argmax(1).numpy() == wanted)
    by_draw = np.mean(right, axis=1)
    return {
        "accuracy": round(float(by_draw.mean()), 4),
        "n": len(clips),
        "draws": DRAWS,
        "spread": round(float(by_draw.std(ddof=1)), 4),
    }


@torch.inference_mode()
def composed_logits(reader: AudioVideoReader, bank: SpeechBank, faces: np.ndarray, seed: int) -> Tensor:
    """Logits (clips, classes) of every clip with its face, (clips, 48, 48) uint8, moving as `seed` says."""
    generator = torch.Generator().manual_seed(seed)
    features = []
    for number, image in enumerate(faces, 1):
        head = moving_head(image, generator, reader.face["size"])
        features.append(read_faces(reader.network.video.backbone, head))
        if number % 100 == 0:
            log.info("composed %d/%d clips", number, len(faces))
    return reader.network.fuse(torch.from_numpy(bank.mfcc), torch.stack(features))


def _indices(bank: SpeechBank, labels: tuple[str, ...]) -> np.ndarray:
    return np.array([labels.index(label) for label in bank.labels])
