"""Scores of an audio-visual model on faces alone, speech alone and synthetic pairs of both."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from inference import store
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor, fastest_device
from training.data import fer2013, ferplus, ravdess
from training.data.labels import label_indices
from training.data.synthetic_pairs import FACE_OF, draw_faces
from training.evaluation.metrics import scores
from training.features.faces import black_face_features, device_of, moving_face_features
from training.features.speech import SpeechFeatures, middle_mfcc

log = logging.getLogger(__name__)
DRAWS = 5
_BATCH = 64


def evaluate(
    reference: str,
    *,
    faces: Path | None,
    speech: Path | None,
    actors: list[int] | None = None,
    votes: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Scores of a model of the store, see `evaluate_predictor`. Warns of actors that it was trained on.

    With `votes` of FER+ for the `faces`, `faces.votes` scores what their annotators say.
    """
    model = store.get(reference)
    predictor = AudioVisualPredictor.load(model, fastest_device())
    features = None
    if speech:
        clips = ravdess.read_clips(speech, actors)
        known = sorted({clip.actor for clip in clips} & {*model.metrics.get("fitted_actors", ())})
        if known:
            log.warning("%s was fitted on RAVDESS actors %s: what it scores on them is too good", model.name, known)
        labelled = [clip for clip in clips if clip.label in predictor.labels]
        features = middle_mfcc(labelled, predictor.speech, predictor.window_s)
    images = fer2013.read_npz(faces) if faces else None
    annotated = ferplus.read(votes, images) if votes and images else None
    result = evaluate_predictor(predictor, images, features)
    if images and annotated:
        result["faces"]["votes"] = vote_score(predictor, images, annotated)
    return result


def evaluate_predictor(
    predictor: AudioVisualPredictor, faces: fer2013.Faces | None, speech: SpeechFeatures | None
) -> dict[str, dict[str, Any]]:
    """Scores by part: `faces`, `speech`, and `composed` for synthetic pairs of both.

    Only images with a label of the model count. A synthetic pair is a clip with one face image of its label; the
    score is the mean of five seeded draws.
    """
    result: dict[str, dict[str, Any]] = {}
    if faces is not None:
        result["faces"] = face_score(predictor, faces)
    if speech is not None:
        result["speech"] = speech_score(predictor, speech)
        if faces is not None:
            result["composed"] = pair_score(predictor, speech, faces)
    return result


@dataclass(frozen=True)
class UnimodalPredictions:
    """Logits (N, classes) given one modality, and the index `targets` (N,) into `names`.

    Labels that share a face (calm, neutral) count as one: `merge` (classes, names) adds their probabilities.
    """

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    names: list[str]
    merge: NDArray[np.float64]


@torch.inference_mode()
def fuse(network: AudioVisualNetwork, mfcc: Tensor, features: Tensor) -> Tensor:
    """Logits (N, classes) on the processor of MFCC (N, C, 156) and face features (N, 15, F)."""
    device = device_of(network)
    return network.fuse(mfcc.to(device), features.to(device)).cpu()


@torch.inference_mode()
def predict_still_faces(predictor: AudioVisualPredictor, faces: fer2013.Faces) -> UnimodalPredictions:
    """Predictions without speech for the faces that have a label of the model."""
    network = predictor.network
    shown = [FACE_OF.get(label, label) for label in predictor.labels]
    names = sorted(set(shown))
    labels = np.array([fer2013.LABELS[index] for index in faces.labels])
    usable = np.flatnonzero(np.isin(labels, names))
    logits = []
    for start in range(0, len(usable), _BATCH):
        crops = predictor.face_tensor(faces.images[usable[start : start + _BATCH]])
        features = network.face_features(crops.to(device_of(network)))
        logits.append(fuse(network, _silence(predictor, len(features)), features.unsqueeze(1).expand(-1, SAMPLES, -1)))
    merge = np.array([[float(face == name) for name in names] for face in shown])
    return UnimodalPredictions(torch.cat(logits).numpy(), label_indices(labels[usable], names), names, merge)


def predict_voices(predictor: AudioVisualPredictor, mfcc: Tensor) -> Tensor:
    """Logits (N, classes) of speech (N, C, 156) without a face."""
    black = black_face_features(predictor.network, predictor.face.size)
    return fuse(predictor.network, mfcc, black.expand(len(mfcc), SAMPLES, -1))


def face_score(predictor: AudioVisualPredictor, faces: fer2013.Faces) -> dict[str, Any]:
    """Scores on still faces without speech."""
    predicted = predict_still_faces(predictor, faces)
    probabilities = softmax(predicted.logits / predictor.temperature_for(face=True, voice=False), axis=1)
    return scores(probabilities @ predicted.merge, predicted.targets, predicted.names)


def vote_score(predictor: AudioVisualPredictor, faces: fer2013.Faces, votes: ferplus.Votes) -> dict[str, Any]:
    """Accuracy by the label with most of FER+'s votes, of all faces and where six annotators of ten agree."""
    faces, agreement = votes.majority(faces)
    known = np.isin(
        faces.labels, label_indices((FACE_OF.get(label, label) for label in predictor.labels), fer2013.LABELS)
    )
    predicted = predict_still_faces(predictor, fer2013.Faces(faces.images[known], faces.labels[known]))
    temperature = predictor.temperature_for(face=True, voice=False)
    probabilities = softmax(predicted.logits / temperature, axis=1) @ predicted.merge
    correct, six = probabilities.argmax(axis=1) == predicted.targets, agreement[known] >= ferplus.SIX
    return {
        "accuracy": round(float(correct.mean()), 4),
        "accuracy_six": round(float(correct[six].mean()), 4),
        "n": len(correct),
        "n_six": int(six.sum()),
    }


def speech_score(predictor: AudioVisualPredictor, speech: SpeechFeatures) -> dict[str, Any]:
    """Scores on clips without a face; the interval is over actors."""
    probabilities = _probabilities(predictor, predict_voices(predictor, torch.from_numpy(speech.mfcc)), voice=True)
    targets = label_indices(speech.labels, predictor.labels)
    return scores(probabilities, targets, predictor.labels, np.array(speech.actors))


def pair_score(predictor: AudioVisualPredictor, speech: SpeechFeatures, faces: fer2013.Faces) -> dict[str, Any]:
    """Scores on synthetic pairs, each draw of faces seeded by its number, with both modalities and with either.

    `mean_of_probabilities` is the accuracy of the plain mean of both unimodal predictions.
    """
    targets = label_indices(speech.labels, predictor.labels)
    mfcc = torch.from_numpy(speech.mfcc)
    voice = _probabilities(predictor, predict_voices(predictor, mfcc), voice=True)
    both, face = [], []
    for seed in range(DRAWS):
        drawn = faces.images[draw_faces(speech.labels, faces, seed)]
        features = moving_face_features(predictor.network, drawn, predictor.face.size, seed)
        silent = fuse(predictor.network, _silence(predictor, len(mfcc)), features)
        both.append(_probabilities(predictor, fuse(predictor.network, mfcc, features), face=True, voice=True))
        face.append(_probabilities(predictor, silent, face=True))

    def accuracy(draws: list[np.ndarray]) -> float:
        return round(float(np.mean([draw.argmax(axis=1) == targets for draw in draws])), 4)

    by_draw = np.array([np.mean(draw.argmax(axis=1) == targets) for draw in both])
    actors = np.tile(np.array(speech.actors), DRAWS)
    result = scores(np.concatenate(both), np.tile(targets, DRAWS), predictor.labels, actors)
    return result | {
        "n": len(targets),
        "draws": DRAWS,
        "spread": round(float(by_draw.std(ddof=1)), 4),
        "missing": {"AV": result["accuracy"], "A": accuracy([voice]), "V": accuracy(face)},
        "mean_of_probabilities": accuracy([voice + draw for draw in face]),
    }


def _probabilities(
    predictor: AudioVisualPredictor, logits: Tensor, *, face: bool = False, voice: bool = False
) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = (
        (logits / predictor.temperature_for(face=face, voice=voice)).softmax(dim=1).numpy()
    )
    return probabilities


def _silence(predictor: AudioVisualPredictor, count: int) -> Tensor:
    return torch.zeros(count, predictor.speech.n_mfcc, predictor.speech.frames)
