"""The support of a specification, fitted on voices and windows whose truth is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import asdict

from inference.confidence import novelty
from inference.model_spec import AudioVisualSpec, parse_spec
from inference.models.audio_branches import EncoderBranch
from inference.models.audio_visual import build_audio_visual
from tests.inference.test_speech_encoder import encoder_spec
from training.data.speech_corpora import SpeechClip
from training.evaluation.voice_reference import (
    corpora_reference,
    fit_voice_reference,
)
from training.features.encoded_speech import EncodedSpeech


def test_voices_of_the_corpus_are_familiar_and_others_are_novel() -> None:
    generator = np.random.default_rng(0)
    speakers = np.repeat([f"speaker {number}" for number in range(20)], 30)
    features = generator.normal(3.0, 2.0, size=(len(speakers), 16))
    reference = fit_voice_reference(features, speakers)

    known, other = generator.normal(3.0, 2.0, size=(200, 16)), generator.normal(9.0, 2.0, size=(200, 16))
    assert np.mean(np.array(novelty(reference, torch.from_numpy(known))) > 0) < 0.1
    assert min(novelty(reference, torch.from_numpy(other))) == 1.0


def test_a_reference_needs_several_speakers() -> None:
    with pytest.raises(ValueError, match="4 speakers"):
        fit_voice_reference(np.zeros((8, 2)), np.array(["a", "b", "c", "d"] * 2))


def encoded(corpus: str, offset: float, width: int) -> EncodedSpeech:
    """Two clips of each of six speakers; their second variant differs by `offset` in half of the channels."""
    generator = np.random.default_rng(2)
    clips = [
        SpeechClip(Path(f"{number}.wav"), ("happy", "sad")[number % 2], f"{corpus}/{number // 2}", corpus)
        for number in range(12)
    ]
    clean = generator.normal(0.0, 1.0, size=(12, 180, width)).astype(np.float16)
    return EncodedSpeech(
        corpus,
        clips,
        {"clean": clean, 0: clean + np.float16(offset) * (np.arange(width) % 2).astype(np.float16)},
        np.arange(12),
    )


@pytest.mark.slow
def test_the_reference_is_of_every_variant_of_every_corpus() -> None:
    torch.manual_seed(0)
    data = encoder_spec("intermediate-attention")
    spec = parse_spec(data)
    assert isinstance(spec, AudioVisualSpec)
    network = build_audio_visual(classes=len(spec.labels), **asdict(spec.architecture))
    assert isinstance(network.audio, EncoderBranch)
    width = network.audio.encoder.positions.shape[1]
    corpora = [encoded("ravdess", 0.0, width), encoded("other", 40.0, width)]

    reference = corpora_reference(network, corpora, ["clean", 0])
    assert len(reference.mean) == len(reference.deviation) == 128
    audio = network.audio
    assert isinstance(audio, EncoderBranch)
    with torch.no_grad():
        features = [
            network.voice_features(next(speech.hidden(variant, audio.encoder)))
            for speech in corpora
            for variant in ("clean", 0)
        ]
    np.testing.assert_allclose(reference.mean, torch.cat(features).mean(0), atol=2e-4)
    np.testing.assert_allclose(reference.deviation, torch.cat(features).std(0, correction=0).clamp(min=1e-4), atol=2e-4)
