"""Calibration of a trained network: the weight of its modalities and the temperature of its logits.

Temperature scaling (Guo et al. 2017) divides the logits by one number, so that confidence matches accuracy. The
modality weight is one number too: a network knows the voices that it was trained on better than those of other
speakers, and so trusts voice too much against face.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from inference.models.audio_branches import ENCODER_FRAMES, EncoderBranch
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import fer2013
from training.data.face_tracks import draw_face_tracks
from training.data.fer2013 import Faces
from training.data.labels import label_indices
from training.data.synthetic_pairs import FACE_OF
from training.evaluation.evaluate import DRAWS
from training.evaluation.metrics import calibration
from training.features.faces import black_face_features, device_of, moving_face_features
from training.features.speech import SpeechFeatures

_BATCH = 64


@dataclass(frozen=True)
class ClassifierInputs:
    """Inputs of a classifier, `branches` (N, 256), and the label indices `targets` (N,)."""

    branches: Tensor
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class UnimodalPredictions:
    """Logits (N, classes) given one modality, and the index `targets` (N,) into `names`.

    Labels that share a face (calm, neutral) count as one: `merge` (classes, names) adds their probabilities.
    """

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    names: list[str]
    merge: NDArray[np.float64]


def nll(logits: NDArray[np.floating[Any]], targets: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of `targets` (N,) under `logits` (N, classes)."""
    return -float(log_softmax(logits, axis=1)[np.arange(len(targets)), targets].mean())


def temperature(
    logits: NDArray[np.floating[Any]], targets: NDArray[np.int64], merge: NDArray[np.floating[Any]] | None = None
) -> float:
    """The temperature, 1/8 to 8, of `logits` (N, classes) with the least negative log-likelihood of `targets` (N,).

    `merge` (classes, names) adds the probabilities of classes that share a name; targets are names then.
    """

    def loss(power: float) -> float:
        if merge is None:
            return nll(logits / 2**power, targets)
        merged = softmax(logits / 2**power, axis=1) @ merge
        return -float(np.log(merged[np.arange(len(targets)), targets] + 1e-12).mean())

    return float(2 ** minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def apply_modality_weight(classifier: nn.Linear, weight: float, centre: Tensor) -> nn.Linear:
    """The classifier with its weights for faces times `weight`, those for the voice divided by it.

    The logits of `centre` (256,) stay the same.
    """
    half = classifier.in_features // 2
    former = classifier.weight.detach()
    scaled = torch.cat((former[:, :half] / weight, former[:, half:] * weight), dim=1)
    result = nn.Linear(classifier.in_features, classifier.out_features)
    result.load_state_dict({"weight": scaled, "bias": classifier.bias.detach() + (former - scaled) @ centre})
    return result


@torch.inference_mode()
def modality_weight(classifier: nn.Linear, inputs: ClassifierInputs) -> float:
    """The modality weight, 1/4 to 4, with the least negative log-likelihood at its best temperature."""
    centre = inputs.branches.mean(0)

    def loss(powers: NDArray[np.float64]) -> float:
        logits = apply_modality_weight(classifier, 2 ** float(powers[0]), centre)(inputs.branches).numpy()
        return nll(logits / 2 ** powers[1], inputs.targets)

    fitted = minimize(loss, x0=(0.0, 0.0), bounds=((-2, 2), (-3, 3)), method="Nelder-Mead")
    return float(2 ** fitted.x[0])


def calibrate(predictor: AudioVisualPredictor, speech: SpeechFeatures, faces: Faces) -> dict[str, Any]:
    """Weigh the classifier's modalities, as `weigh` does, and fit the temperatures of either modality alone."""
    voices, images = _halves(speech, faces)
    return weigh(predictor, speech, faces) | {
        "alone": {
            "voice": cross_fit([_predict_voices(predictor, half) for half in voices]),
            "face": cross_fit([predict_still_faces(predictor, half) for half in images]),
        },
    }


def _halves(speech: SpeechFeatures, faces: Faces) -> tuple[list[SpeechFeatures], list[Faces]]:
    """Two halves of the actors and of the faces."""
    actors = sorted({*speech.actors})
    return [speech.of_actors(actors[number::2]) for number in (0, 1)], [faces.part(number, 2) for number in (0, 1)]


@torch.inference_mode()
def weigh(predictor: AudioVisualPredictor, speech: SpeechFeatures, faces: Faces) -> dict[str, Any]:
    """Weigh the classifier's modalities, in place, on synthetic pairs of unknown subjects; fit the temperature.

    The actors and faces are split in two halves. Each half is scored with the weight and temperature of the other,
    which estimates accuracy and calibration error on other recordings; the published numbers come from both halves.
    """
    classifier = copy.deepcopy(predictor.network.classifier).to("cpu")
    halves = [classifier_inputs(predictor, *half) for half in zip(*_halves(speech, faces), strict=True)]
    result: dict[str, Any] = dict.fromkeys(("ece_before", "ece_after", "accuracy_before", "accuracy_after"), 0.0)
    for half, other in zip(halves, reversed(halves), strict=True):
        scaled, divisor, _ = _scale(classifier, other)
        for name, network, power in (("before", classifier, 1.0), ("after", scaled, divisor)):
            logits = network(half.branches).numpy() / power
            result[f"ece_{name}"] += calibration(softmax(logits, axis=1), half.targets)["ece"] / 2
            result[f"accuracy_{name}"] += float((logits.argmax(1) == half.targets).mean()) / 2
    branches = torch.cat([half.branches for half in halves])
    both = ClassifierInputs(branches, np.concatenate([half.targets for half in halves]))
    scaled, divisor, weight = _scale(classifier, both)
    predictor.network.classifier.load_state_dict(scaled.state_dict())
    return {name: round(value, 4) for name, value in result.items()} | {
        "temperature": round(divisor, 3),
        "balance": round(weight, 3),
        "unit": "composed clips; each half of the test actors and faces with the balance and temperature of the other",
    }


def reweigh(predictor: AudioVisualPredictor, weight: float, speech: SpeechFeatures, faces: Faces) -> None:
    """Apply a modality weight, in place, that was fitted for another network of the same kind."""
    centre = classifier_inputs(predictor, speech, faces).branches.mean(0)
    scaled = apply_modality_weight(copy.deepcopy(predictor.network.classifier).to("cpu"), weight, centre)
    predictor.network.classifier.load_state_dict(scaled.state_dict())


def cross_fit(halves: list[UnimodalPredictions]) -> dict[str, float]:
    """The temperature of both halves, and the calibration error of each with the temperature of the other."""
    own = [temperature(half.logits, half.targets, half.merge) for half in halves]
    logits, targets = np.concatenate([h.logits for h in halves]), np.concatenate([h.targets for h in halves])
    crossed = [_error(half, other) for half, other in zip(halves, own[::-1], strict=True)]
    return {
        "temperature": round(temperature(logits, targets, halves[0].merge), 3),
        "ece_before": round(float(np.mean([_error(half, 1.0) for half in halves])), 4),
        "ece_after": round(float(np.mean(crossed)), 4),
    }


def _error(predicted: UnimodalPredictions, divisor: float) -> float:
    probabilities = softmax(predicted.logits / divisor, axis=1) @ predicted.merge
    return float(calibration(probabilities, predicted.targets)["ece"])


def _predict_voices(predictor: AudioVisualPredictor, speech: SpeechFeatures) -> UnimodalPredictions:
    logits = predict_voices(predictor, torch.from_numpy(speech.mfcc)).numpy()
    names = list(predictor.labels)
    return UnimodalPredictions(logits, label_indices(speech.labels, names), names, np.eye(len(names)))


def _scale(classifier: nn.Linear, inputs: ClassifierInputs) -> tuple[nn.Linear, float, float]:
    """The classifier with its modality weight applied, its temperature, and that weight."""
    weight = modality_weight(classifier, inputs)
    scaled = apply_modality_weight(classifier, weight, inputs.branches.mean(0))
    return scaled, temperature(scaled(inputs.branches).numpy(), inputs.targets), weight


@torch.inference_mode()
def classifier_inputs(predictor: AudioVisualPredictor, speech: SpeechFeatures, faces: Faces) -> ClassifierInputs:
    """The classifier's inputs, on the processor, for synthetic pairs of `speech` and `faces`, in every draw."""
    network, device = predictor.network, device_of(predictor.network)
    heard = network.audio.features(torch.from_numpy(speech.mfcc).to(device))
    branches = []
    faces_of = {label: faces.of(label) for label in fer2013.LABELS}
    for seed in range(DRAWS):
        tracks = draw_face_tracks(speech.labels, faces_of, np.random.default_rng(seed))
        features = moving_face_features(network, faces.images[tracks], predictor.face.size, seed)
        branches.append(network.embed(heard, features.to(device)).cpu())
    targets = label_indices(speech.labels, predictor.labels)
    return ClassifierInputs(torch.cat(branches), np.tile(targets, DRAWS))


@torch.inference_mode()
def fuse(network: AudioVisualNetwork, mfcc: Tensor, features: Tensor) -> Tensor:
    """Logits (N, classes) on the processor of MFCC (N, C, 156) and face features (N, 15, F)."""
    device = device_of(network)
    return network.fuse(mfcc.to(device), features.to(device)).cpu()


@torch.inference_mode()
def predict_still_faces(predictor: AudioVisualPredictor, faces: Faces) -> UnimodalPredictions:
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


def _silence(predictor: AudioVisualPredictor, count: int) -> Tensor:
    audio = predictor.network.audio
    if isinstance(audio, EncoderBranch):
        return torch.zeros(count, ENCODER_FRAMES, audio.encoder.features)
    return torch.zeros(count, predictor.speech.n_mfcc, predictor.speech.frames)
