"""Score an audio-video model on faces alone, speech alone and clips composed of both."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor

from inference import store
from inference.models.audio_visual import SAMPLES
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import FACE_OF, draw_faces, moving_head
from training.evaluation.metrics import scores
from training.features.banks import SpeechBank, read_faces, speech_bank
from training.tasks.audio_visual import no_faces

log = logging.getLogger(__name__)
DRAWS = 5
_BATCH = 64


def evaluate(
    reference: str, *, faces: Path | None, speech: Path | None, actors: list[int] | None = None
) -> dict[str, dict[str, Any]]:
    """Score a model of the store; see `evaluate_reader`. Warns of actors that it was fitted on."""
    spec = store.get(reference)
    if speech:
        there = {clip.actor for clip in ravdess.read_clips(speech, actors)}
        known = sorted(there & {*spec.metrics.get("fitted_actors", ())})
        if known:
            log.warning("%s was fitted on RAVDESS actors %s: what it scores on them is too good", spec.name, known)
    return evaluate_reader(AudioVisualPredictor.load(spec), faces=faces, speech=speech, actors=actors)


def evaluate_reader(
    reader: AudioVisualPredictor, *, faces: Path | None, speech: Path | None, actors: list[int] | None = None
) -> dict[str, dict[str, Any]]:
    """Scores by part: `faces` for a FER-2013 npz, `speech` for a RAVDESS folder, `composed` for both.

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
        bank = speech_bank(clips, reader.speech, reader.window_s)
        result["speech"] = speech_score(reader, bank)
        if images is not None:
            result["composed"] = composed_score(reader, bank, clips, images)
    return result


@dataclass(frozen=True)
class ReadAlone:
    """Logits (N, classes) of one modality, and which of `names` (N,) each was wanted to be.

    Labels that share a face (calm, neutral) count as one: `merge` (classes, names) adds their probabilities.
    """

    logits: np.ndarray
    wanted: np.ndarray
    names: list[str]
    merge: np.ndarray


@torch.inference_mode()
def read_still_faces(reader: AudioVisualPredictor, faces: fer2013.Faces) -> ReadAlone:
    """What the network says, without speech, of those faces that have one of its labels."""
    network = reader.network
    shown = [FACE_OF.get(label, label) for label in reader.labels]
    names = sorted(set(shown))
    named = np.array([fer2013.LABELS[index] for index in faces.labels])
    kept = np.flatnonzero(np.isin(named, names))
    read = []
    for start in range(0, len(kept), _BATCH):
        features = network.face_features(reader.face_tensor(faces.images[kept[start : start + _BATCH]]))
        read.append(network.fuse(_silence(reader, len(features)), features.unsqueeze(1).expand(-1, SAMPLES, -1)))
    merge = np.array([[float(face == name) for name in names] for face in shown])
    return ReadAlone(torch.cat(read).numpy(), np.array([names.index(name) for name in named[kept]]), names, merge)


def face_score(reader: AudioVisualPredictor, faces: fer2013.Faces) -> dict[str, Any]:
    """Scores on still faces without speech."""
    read = read_still_faces(reader, faces)
    probabilities = softmax(read.logits / reader.temperature_for(face=True, voice=False), axis=1)
    return scores(probabilities @ read.merge, read.wanted, read.names)


@torch.inference_mode()
def read_voices(reader: AudioVisualPredictor, mfcc: Tensor) -> Tensor:
    """Logits (N, classes) of speech (N, C, 156) without a face."""
    return reader.network.fuse(mfcc, no_faces(reader.network, len(mfcc), reader.face.size))


def speech_score(reader: AudioVisualPredictor, bank: SpeechBank) -> dict[str, Any]:
    """Scores on clips without a face; the interval is over actors."""
    read = _probabilities(reader, read_voices(reader, torch.from_numpy(bank.mfcc)), voice=True)
    return scores(read, _indices(bank, reader.labels), reader.labels, np.array(bank.actors))


@torch.inference_mode()
def composed_score(
    reader: AudioVisualPredictor, bank: SpeechBank, clips: list[ravdess.Clip], faces: fer2013.Faces
) -> dict[str, Any]:
    """Scores on composed clips, each draw of faces seeded by its number, with and without either half.

    `mean_of_probabilities` is what either half alone gives when nothing is fitted to join them.
    """
    wanted = _indices(bank, reader.labels)
    mfcc = torch.from_numpy(bank.mfcc)
    heard = _probabilities(reader, read_voices(reader, mfcc), voice=True)
    both, shown = [], []
    for seed in range(DRAWS):
        features = composed_features(reader, faces.images[draw_faces(clips, faces, seed)], seed)
        silent = reader.network.fuse(_silence(reader, len(mfcc)), features)
        both.append(_probabilities(reader, reader.network.fuse(mfcc, features), face=True, voice=True))
        shown.append(_probabilities(reader, silent, face=True))

    def share(draws: list[np.ndarray]) -> float:
        return round(float(np.mean([draw.argmax(axis=1) == wanted for draw in draws])), 4)

    by_draw = np.array([np.mean(draw.argmax(axis=1) == wanted) for draw in both])
    found = scores(np.concatenate(both), np.tile(wanted, DRAWS), reader.labels, np.tile(np.array(bank.actors), DRAWS))
    return found | {
        "n": len(clips),
        "draws": DRAWS,
        "spread": round(float(by_draw.std(ddof=1)), 4),
        "missing": {"AV": found["accuracy"], "A": share([heard]), "V": share(shown)},
        "mean_of_probabilities": share([heard + draw for draw in shown]),
    }


def _probabilities(
    reader: AudioVisualPredictor, logits: Tensor, *, face: bool = False, voice: bool = False
) -> np.ndarray:
    return (logits / reader.temperature_for(face=face, voice=voice)).softmax(dim=1).numpy()


def _silence(reader: AudioVisualPredictor, batch: int) -> Tensor:
    return torch.zeros(batch, reader.speech.n_mfcc, reader.speech.frames)


@torch.inference_mode()
def composed_features(reader: AudioVisualPredictor, faces: np.ndarray, seed: int) -> Tensor:
    """Features (clips, 15, F) of each clip's face, (clips, 48, 48) uint8, moving as `seed` says."""
    generator = torch.Generator().manual_seed(seed)
    features = []
    for number, image in enumerate(faces, 1):
        head = moving_head(image, generator, reader.face.size)
        features.append(read_faces(reader.network, head))
        if number % 100 == 0:
            log.info("composed %d/%d clips", number, len(faces))
    return torch.stack(features)


def _indices(bank: SpeechBank, labels: tuple[str, ...]) -> np.ndarray:
    return np.array([labels.index(label) for label in bank.labels])
