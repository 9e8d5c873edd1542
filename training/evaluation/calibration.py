"""What is fitted last: how far a network trusts each of its branches, and how sure it says it is.

Temperature scaling (Guo et al. 2017) is one number that makes confidence match accuracy. The balance is another one. A
network knows the voices that it was fitted on better than those of strangers, and so weighs voice against face wrongly.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import ravdess
from training.data.fer2013 import Faces
from training.data.synthetic_pairs import draw_faces
from training.evaluation.evaluate import DRAWS, ReadAlone, composed_features, read_still_faces, read_voices
from training.evaluation.metrics import calibration
from training.features.banks import speech_bank


@dataclass(frozen=True)
class Examples:
    """What a classifier reads, `branches` (N, 256), and the label index that it should find, `wanted` (N,)."""

    branches: Tensor
    wanted: NDArray[np.int64]


def temperature(
    logits: NDArray[np.floating[Any]], wanted: NDArray[np.int64], merge: NDArray[np.floating[Any]] | None = None
) -> float:
    """The divisor of `logits` (N, classes), 1/8 to 8, with which their likelihood of `wanted` (N,) is greatest.

    `merge` (classes, names) adds the probabilities of classes that count as one of the names that are wanted then.
    """

    def loss(power: float) -> float:
        if merge is None:
            return _surprise(logits / 2**power, wanted)
        merged = softmax(logits / 2**power, axis=1) @ merge
        return -float(np.log(merged[np.arange(len(wanted)), wanted] + 1e-12).mean())

    return float(2 ** minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def balanced(classifier: nn.Linear, balance: float, centre: Tensor) -> nn.Linear:
    """The classifier with its weights for faces times `balance`, those for the voice divided by it.

    What it says of `centre` (256,) stays the same.
    """
    half = classifier.in_features // 2
    weight = classifier.weight.detach()
    scaled = torch.cat((weight[:, :half] / balance, weight[:, half:] * balance), dim=1)
    found = nn.Linear(classifier.in_features, classifier.out_features)
    found.load_state_dict({"weight": scaled, "bias": classifier.bias.detach() + (weight - scaled) @ centre})
    return found


@torch.inference_mode()
def balance(classifier: nn.Linear, examples: Examples) -> float:
    """The balance, 1/4 to 4, with which the likelihood of the examples is greatest at its best temperature."""
    centre = examples.branches.mean(0)

    def loss(powers: NDArray[np.float64]) -> float:
        logits = balanced(classifier, 2 ** float(powers[0]), centre)(examples.branches).numpy()
        return _surprise(logits / 2 ** powers[1], examples.wanted)

    found = minimize(loss, x0=(0.0, 0.0), bounds=((-2, 2), (-3, 3)), method="Nelder-Mead")
    return float(2 ** found.x[0])


def _surprise(logits: NDArray[np.floating[Any]], wanted: NDArray[np.int64]) -> float:
    return -float(log_softmax(logits, axis=1)[np.arange(len(wanted)), wanted].mean())


@torch.inference_mode()
def calibrate(reader: AudioVisualPredictor, speech: Path, actors: list[int], faces: Faces) -> dict[str, Any]:
    """Balance the network's classifier on composed clips of people that it was not fitted on; find its temperature.

    The actors and faces are parted in two. Each half is scored with the balance and temperature of the other,
    which gives the accuracy and calibration error that somebody else's recordings may expect of this step;
    what is kept comes from both.
    """
    classifier = reader.network.classifier
    halves = [composed_examples(reader, speech, actors[number::2], faces.part(number, 2)) for number in (0, 1)]
    found: dict[str, Any] = dict.fromkeys(("ece_before", "ece_after", "accuracy_before", "accuracy_after"), 0.0)
    for half, other in zip(halves, reversed(halves), strict=True):
        scaled, divisor, _ = _scaling(classifier, other)
        for name, network, power in (("before", classifier, 1.0), ("after", scaled, divisor)):
            logits = network(half.branches).numpy() / power
            found[f"ece_{name}"] += calibration(softmax(logits, axis=1), half.wanted)["ece"] / 2
            found[f"accuracy_{name}"] += float((logits.argmax(1) == half.wanted).mean()) / 2
    both = Examples(torch.cat([half.branches for half in halves]), np.concatenate([half.wanted for half in halves]))
    scaled, divisor, share = _scaling(classifier, both)
    classifier.load_state_dict(scaled.state_dict())
    return {name: round(value, 4) for name, value in found.items()} | {
        "temperature": round(divisor, 3),
        "balance": round(share, 3),
        "unit": "composed clips; each half of the test actors and faces with the balance and temperature of the other",
        "alone": {
            "voice": _crossed([_voices(reader, speech, actors[number::2]) for number in (0, 1)]),
            "face": _crossed([read_still_faces(reader, faces.part(number, 2)) for number in (0, 1)]),
        },
    }


def _crossed(halves: list[ReadAlone]) -> dict[str, float]:
    """The temperature of both halves, and the calibration error of each with the temperature of the other."""
    own = [temperature(half.logits, half.wanted, half.merge) for half in halves]
    logits, wanted = np.concatenate([h.logits for h in halves]), np.concatenate([h.wanted for h in halves])
    return {
        "temperature": round(temperature(logits, wanted, halves[0].merge), 3),
        "ece_before": round(float(np.mean([_error(half, 1.0) for half in halves])), 4),
        "ece_after": round(float(np.mean([_error(h, other) for h, other in zip(halves, own[::-1], strict=True)])), 4),
    }


def _error(read: ReadAlone, divisor: float) -> float:
    return float(calibration(softmax(read.logits / divisor, axis=1) @ read.merge, read.wanted)["ece"])


def _voices(reader: AudioVisualPredictor, speech: Path, actors: list[int]) -> ReadAlone:
    clips = [clip for clip in ravdess.read_clips(speech, actors) if clip.label in reader.labels]
    read = read_voices(reader, torch.from_numpy(speech_bank(clips, reader.speech, reader.window_s).mfcc)).numpy()
    names = list(reader.labels)
    return ReadAlone(read, np.array([names.index(clip.label) for clip in clips]), names, np.eye(len(names)))


def _scaling(classifier: nn.Linear, examples: Examples) -> tuple[nn.Linear, float, float]:
    """The balanced classifier, its temperature and its balance."""
    share = balance(classifier, examples)
    scaled = balanced(classifier, share, examples.branches.mean(0))
    return scaled, temperature(scaled(examples.branches).numpy(), examples.wanted), share


@torch.inference_mode()
def composed_examples(reader: AudioVisualPredictor, speech: Path, actors: list[int], faces: Faces) -> Examples:
    """What the classifier reads of composed clips of `actors` and `faces`, in every draw."""
    clips = [clip for clip in ravdess.read_clips(speech, actors) if clip.label in reader.labels]
    mfcc = torch.from_numpy(speech_bank(clips, reader.speech, reader.window_s).mfcc)
    drawn = [composed_features(reader, faces.images[draw_faces(clips, faces, seed)], seed) for seed in range(DRAWS)]
    branches = torch.cat([reader.network.embed(mfcc, features) for features in drawn])
    return Examples(branches, np.tile([reader.labels.index(clip.label) for clip in clips], DRAWS))
