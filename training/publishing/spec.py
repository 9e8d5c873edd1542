"""Specifications of trained models: everything that a model assumes about its input, as `spec.json` holds it."""

from pathlib import Path
from typing import Any

import msgspec

from inference.model_spec import (
    SCHEMA,
    AudioVisualArchitecture,
    AudioVisualSpec,
    EegSpec,
    FusionSpec,
    SpeechInput,
)
from training.data import eav
from training.data.speech_corpora import RAVDESS
from training.schema.audio_visual import AudioVisualRecordings, EncodedPairs, PairsConfig, SyntheticPairs
from training.schema.eeg import EEGNetConfig
from training.schema.fusion import FusionConfig
from training.schema.sections import ModelConfig

SIMULATED_EEG = "EEG simulated"
DATA = {
    "ravdess": "RAVDESS video, speech",
    "eav": "EAV, spoken trials",
    "corrected": "recordings corrected by a person",
}
EAV_LICENCE = "The terms of the EAV data set, on whose recordings the weights were fitted, hold for them too."
EAV_NOTICE = "Fitted on one laboratory's recordings of acted conversations. Expect worse readings elsewhere."
SYNTHETIC_LICENCE = (
    "CC BY-NC-SA 4.0: the RAVDESS speech that the weights were fitted on allows non-commercial use only and asks "
    "that what is derived from it be shared alike. FER-2013 is for research use and has no formal licence."
)
_CORPUS_TERMS = {
    "nemo": "nEMO CC BY-NC-SA 4.0",
    "kemo": "KEMO CC BY-NC-SA for research only",
    "emodb": "EMO-DB free for research",
    "emogator": "EmoGator Apache-2.0",
}
_ENCODER_LICENCE = (
    "The speech encoder's weights are those of Whisper tiny.en, Copyright (c) 2022 OpenAI, under the MIT licence, "
    "which NOTICE holds."
)
_RECORDINGS_LICENCE = {
    "ravdess": "CC BY-NC-SA 4.0, as the RAVDESS recordings that the weights were fitted on.",
    "eav": EAV_LICENCE,
    "corrected": "What the people recorded agreed to holds for the weights too: they were fitted on their recordings.",
}
_RECORDINGS_NOTICE = {
    "ravdess": "Fitted on acted emotion of few people. Expect worse readings of anybody else.",
    "eav": "Fitted on acted emotion of few people. Expect worse readings of anybody else.",
    "corrected": "Fitted on what somebody saw in few people. Expect worse readings of anybody else.",
}
_SIMULATED_EEG_LICENCE = "No terms from training data: fitted on simulated data alone."
_SIMULATED_EEG_NOTICE = (
    "Demonstration: the EEG this model learned from is simulated. Its readings of a real person's EEG mean nothing; "
    "use it to try the program, then fit it again on real recordings."
)
_SIMULATED_FUSION_NOTICE = (
    "Demonstration: the EEG this model learned from is simulated and belongs to nobody in the clips. With a real "
    "person's EEG its readings mean nothing; use it to try the program, then fit it again on real recordings."
)


def synthetic_pairs(config: SyntheticPairs, speech: SpeechInput) -> AudioVisualSpec:
    """Of a network on synthetic pairs that is not calibrated yet."""
    architecture = AudioVisualArchitecture(
        fusion=config.fusion,
        heads=config.heads,
        backbone=config.backbone,
        flip_tta=config.flip_tta,
        mfcc=config.speech.mfcc,
        cepstral_mean_norm=config.speech.cepstral_mean_norm,
    )
    return AudioVisualSpec(
        **_identity(config),
        architecture=architecture,
        window=config.window,
        face=config.face,
        speech=speech,
        temperature=1.0,
        notice="Fitted on composed clips: face photographs joined with acted speech of the same label.",
        licence=SYNTHETIC_LICENCE,
    )


def encoded_pairs(config: EncodedPairs) -> AudioVisualSpec:
    """Of a network with a speech encoder on pairs that is not calibrated yet."""
    architecture = AudioVisualArchitecture(
        fusion=config.fusion,
        heads=config.heads,
        backbone=config.backbone,
        flip_tta=config.flip_tta,
        audio_branch="encoder",
        encoder_layers=tuple(config.branch.layers),
        attention_window=config.branch.attention_window,
        dropout=config.branch.feature_dropout,
        unimodal_classifiers=True,
    )
    return AudioVisualSpec(
        **_identity(config),
        architecture=architecture,
        window=config.window,
        face=config.face,
        encoder=config.encoder,
        voice_detector="silero",
        temperature=1.0,
        notice="Fitted on composed clips: face photographs joined with acted speech of the same label.",
        licence=f"{SYNTHETIC_LICENCE}{_terms_of_corpora(config)} {_ENCODER_LICENCE}",
    )


def _terms_of_corpora(config: EncodedPairs) -> str:
    """A sentence on the terms of the corpora beside RAVDESS; empty without any."""
    others = [name for name in config.branch.shares if name != RAVDESS]
    terms = [_CORPUS_TERMS.get(name, f"{name}, whose terms are not known here") for name in others]
    return f" The other corpora of speech: {', '.join(terms)}." if terms else ""


def recordings(config: AudioVisualRecordings, root: Path, speech: SpeechInput) -> AudioVisualSpec:
    """Of a network on recordings that is not calibrated yet."""
    simulated = config.source == "eav" and eav.simulated(root)
    return AudioVisualSpec(
        **_identity(config),
        architecture=AudioVisualArchitecture(fusion=config.fusion, heads=config.heads),
        window=config.window,
        face=config.face,
        speech=speech,
        temperature=1.0,
        demonstration="recordings composed" if simulated else None,
        notice=_RECORDINGS_NOTICE[config.source],
        licence=_RECORDINGS_LICENCE[config.source],
    )


def eegnet(config: EEGNetConfig, root: Path | None = None) -> EegSpec:
    """Of EEGNet on EAV below `root`, or on simulated subjects."""
    return EegSpec(
        **_identity(config),
        architecture=config.architecture,
        eeg=config.eeg,
        demonstration=SIMULATED_EEG if root is None or eav.simulated(root) else None,
        notice=_SIMULATED_EEG_NOTICE if root is None else EAV_NOTICE,
        licence=_SIMULATED_EEG_LICENCE if root is None else EAV_LICENCE,
    )


def fusion(config: FusionConfig, temperature: float, root: Path | None = None) -> FusionSpec:
    """Of a fusion of EAV trials below `root`, or of simulated EEG with synthetic pairs."""
    return FusionSpec(
        **_identity(config),
        architecture=config.architecture,
        temperature=temperature,
        members=msgspec.to_builtins(config.members),
        demonstration=SIMULATED_EEG if root is None or eav.simulated(root) else None,
        notice=_SIMULATED_FUSION_NOTICE if root is None else EAV_NOTICE,
        licence=SYNTHETIC_LICENCE if root is None else EAV_LICENCE,
    )


def _identity(config: ModelConfig | PairsConfig) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": config.name,
        "version": config.version,
        "title": config.title,
        "labels": tuple(config.labels),
    }
