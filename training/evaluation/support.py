"""Fits the `support` section of a specification: which voices a model knows, and how much less others are trusted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from inference.model_spec import VoiceReference
from inference.models.audio_visual import AudioVisualNetwork, EncoderBranch
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.support import novelty, voice_distances
from training.data.labels import label_indices
from training.evaluation.calibration import nll, predict_voices
from training.evaluation.metrics import calibration
from training.features.encoded_speech import EncodedSpeech
from training.features.faces import device_of

Array = NDArray[np.floating[Any]]

QUANTILES = (0.95, 1.0)  # of the training voices: where novelty begins, and where it is complete
MAX_POWER = 3.0  # of two, of a condition's temperature
_FOLDS = 5
_DECIMALS = 4


def corpora_reference(
    network: AudioVisualNetwork, corpora: Sequence[EncodedSpeech], variants: Sequence[str | int]
) -> VoiceReference:
    """Fit the reference of the voices of `corpora`, in each of their `variants`."""
    parts = [(speech, variant) for speech in corpora for variant in variants]
    features = [_voice_features(network, speech, variant) for speech, variant in parts]
    return fit_voice_reference(np.concatenate(features), np.concatenate([speech.speakers for speech, _ in parts]))


def fit_voice_temperature(
    predictor: AudioVisualPredictor, reference: VoiceReference, unknown: EncodedSpeech, variants: Sequence[str | int]
) -> dict[str, Any]:
    """The temperature of a novel voice, of speakers that the network does not know, and its calibration error."""
    assert isinstance(predictor.network.audio, EncoderBranch)
    logits, grades = [], []
    for variant in variants:
        found = [predict_voices(predictor, batch) for batch in unknown.hidden(variant, predictor.network.audio.encoder)]
        logits.append(torch.cat(found).numpy() / predictor.temperature_for(face=False, voice=True))
        features = torch.from_numpy(_voice_features(predictor.network, unknown, variant))
        grades.append(np.array(novelty(reference, features)))
    targets = np.tile(label_indices(unknown.labels, predictor.labels), len(variants))
    speakers = np.tile(np.unique(unknown.speakers, return_inverse=True)[1], len(variants))
    return cross_fit_conditions(np.concatenate(logits), targets, np.concatenate(grades)[:, None], speakers)


@torch.inference_mode()
def _voice_features(network: AudioVisualNetwork, speech: EncodedSpeech, variant: str | int) -> Array:
    """Features (rows, 128) of a variant's windows."""
    assert isinstance(network.audio, EncoderBranch)
    device = device_of(network)
    found = [network.voice_features(batch.to(device)).cpu() for batch in speech.hidden(variant, network.audio.encoder)]
    return torch.cat(found).numpy()


def fit_voice_reference(features: Array, speakers: NDArray[np.str_], temperature: float = 1.0) -> VoiceReference:
    """Fit the reference of `features` (N, F) of `AudioVisualNetwork.voice_features`, spoken by `speakers` (N,).

    The limits are quantiles of the distances of speakers that the mean and deviation were not computed from. Raises
    ValueError for fewer speakers than folds.
    """
    people = np.unique(speakers)
    if len(people) < _FOLDS:
        raise ValueError(f"{len(people)} speakers: a voice reference needs {_FOLDS} or more")
    folds = np.searchsorted(people, speakers) % _FOLDS
    distances = np.empty(len(features))
    for fold in range(_FOLDS):
        held_out = folds == fold
        distances[held_out] = voice_distances(features[held_out], *_mean_and_deviation(features[~held_out]))
    mean, deviation = _mean_and_deviation(features)
    near, far = np.quantile(distances, QUANTILES).round(_DECIMALS).tolist()
    return VoiceReference(
        mean=tuple(mean.round(_DECIMALS).tolist()),
        deviation=tuple(deviation.round(_DECIMALS).tolist()),
        limits=(near, far),
        temperature=temperature,
    )


def fit_condition_temperatures(logits: Array, targets: NDArray[np.int64], grades: Array) -> list[float]:
    """Fit the temperature, 1 or more, of each condition.

    `logits` (N, classes) are divided by the temperature of what there was already, `grades` (N, conditions) say how far
    each condition applies, 0..1. The temperatures have the least negative log-likelihood of `targets` (N,).
    """

    def loss(powers: NDArray[np.float64]) -> float:
        return nll(_scaled(logits, grades, powers), targets)

    conditions = grades.shape[1]
    fitted = minimize(loss, np.full(conditions, 0.1), bounds=[(0.0, MAX_POWER)] * conditions, method="L-BFGS-B")
    return [float(each) for each in 2**fitted.x]


def cross_fit_conditions(
    logits: Array, targets: NDArray[np.int64], grades: Array, groups: NDArray[np.int64]
) -> dict[str, Any]:
    """The temperatures of all, and the calibration error of each half of the `groups` with those of the other half."""
    half = groups % 2 == 0
    after = 0.0
    for part in (half, ~half):
        powers = np.log2(fit_condition_temperatures(logits[~part], targets[~part], grades[~part]))
        probabilities = softmax(_scaled(logits[part], grades[part], powers), axis=1)
        after += float(calibration(probabilities, targets[part])["ece"]) * float(part.mean())
    return {
        "temperatures": [round(each, 3) for each in fit_condition_temperatures(logits, targets, grades)],
        "ece_before": round(float(calibration(softmax(logits, axis=1), targets)["ece"]), _DECIMALS),
        "ece_after": round(after, _DECIMALS),
        "n": len(targets),
    }


def _mean_and_deviation(features: Array) -> tuple[Array, Array]:
    return features.mean(axis=0), np.maximum(features.std(axis=0), 10.0**-_DECIMALS)


def _scaled(logits: Array, grades: Array, powers: NDArray[np.float64]) -> Array:
    scaled: Array = logits / 2 ** (grades @ powers)[:, None]
    return scaled
