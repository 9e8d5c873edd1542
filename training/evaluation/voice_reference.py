"""Fits the `support` section of a specification: which voices a model knows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.confidence import voice_distances
from inference.model_spec import RecordingNorm, VoiceReference
from inference.models.audio_branches import EncoderBranch
from inference.models.audio_visual import AudioVisualNetwork
from training.features.corpus_norm import norms_of_recordings
from training.features.encoded_speech import EncodedSpeech
from training.features.faces import device_of

Array = NDArray[np.floating[Any]]

QUANTILES = (0.95, 1.0)  # of the training voices: where novelty begins, and where it is complete
_FOLDS = 5
_DECIMALS = 4


def corpora_reference(
    network: AudioVisualNetwork,
    corpora: Sequence[EncodedSpeech],
    variants: Sequence[str | int],
    norm: RecordingNorm | None = None,
) -> VoiceReference:
    """Fit the reference of the voices of `corpora`, in each of their `variants`.

    With a `norm`, all clips of a speaker in a variant are one recording.
    """
    parts = [(speech, variant) for speech in corpora for variant in variants]
    features = [_voice_features(network, speech, variant, norm) for speech, variant in parts]
    return fit_voice_reference(np.concatenate(features), np.concatenate([speech.speakers for speech, _ in parts]))


@torch.inference_mode()
def _voice_features(
    network: AudioVisualNetwork, speech: EncodedSpeech, variant: str | int, norm: RecordingNorm | None
) -> Array:
    """Features (rows, 128) of a variant's windows."""
    assert isinstance(network.audio, EncoderBranch)
    device = device_of(network)
    norms = norms_of_recordings(speech, norm, network.audio.encoder, variant, speech.speakers.tolist())
    hidden = speech.hidden(variant, network.audio.encoder, norms)
    return torch.cat([network.voice_features(batch.to(device)).cpu() for batch in hidden]).numpy()


def fit_voice_reference(features: Array, speakers: NDArray[np.str_]) -> VoiceReference:
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
        temperature=1.0,
    )


def _mean_and_deviation(features: Array) -> tuple[Array, Array]:
    return features.mean(axis=0), np.maximum(features.std(axis=0), 10.0**-_DECIMALS)
