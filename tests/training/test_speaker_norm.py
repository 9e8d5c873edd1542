"""How recordings of a speaker normalise the hidden states of their windows when a network is fitted."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
import yaml

from inference.model_spec import RecordingNorm
from training.data.speech_corpora import SpeechClip
from training.features.encoded_speech import EncodedBatches, EncodedSpeech, normalise
from training.features.speaker_norm import SpeakerNorms, fit_recording_norm, norms_of_recordings
from training.schema.sections import EncoderBranchConfig, RecordingNormConfig

CONFIG = Path(__file__).resolve().parents[2] / "training" / "configs" / "speech-encoder-recording-norm-folds.yaml"
SPEC = RecordingNorm(mean=(0.0,), deviation=(1.0,), prior_windows=1e-6)


def encoded(corpus: str, means: list[float], deviations: list[float]) -> EncodedSpeech:
    """Clips with one feature, by two speakers in turn."""
    clips = [SpeechClip(Path(f"{row}.wav"), "sad", f"{corpus}/{row % 2}", corpus) for row in range(len(means))]
    waves = np.tile([-1.0, 1.0], 90)[None, :, None]
    windows = (np.array(means)[:, None, None] + np.array(deviations)[:, None, None] * waves).astype(np.float16)
    statistics = np.stack((means, deviations), axis=1)[:, :, None].astype(np.float32)
    return EncodedSpeech(corpus, clips, {"clean": windows}, np.arange(len(clips)), {"clean": statistics})


def test_training_speech_counts_each_corpus_alike() -> None:
    corpora = [encoded("ravdess", [1.0, 3.0, 2.0], [1.0, 1.0, 1.0]), encoded("nemo", [6.0], [3.0])]
    config = RecordingNormConfig(prior_windows=8, some=12)
    assert fit_recording_norm(corpora, config) == RecordingNorm((4.0,), (2.0,), 8)
    part = corpora[0].where(np.array([True, False, False]))
    assert fit_recording_norm([part], config).mean == (1.0,), "no speech of those who test"


@pytest.mark.parametrize(
    ("recordings", "means"), [([0, 0, 0, 0], [-3, -1, 1, 3]), ([0, 1, 0, 1], [-2, -2, 2, 2]), ([0, 1, 2, 3], [0] * 4)]
)
def test_what_a_recording_has_in_common_is_gone(recordings: list[int], means: list[float]) -> None:
    speech = encoded("ravdess", [10.0, 14.0, 18.0, 22.0], [2.0] * 4)
    norms = norms_of_recordings(speech, SPEC, "clean", recordings)
    normalised = normalise(speech.states("clean"), norms)
    np.testing.assert_allclose(normalised.mean((1, 2)), means, atol=1e-3)
    np.testing.assert_allclose(normalised.std((1, 2), correction=0), 1.0, atol=1e-3)
    assert norms_of_recordings(speech, None, "clean", recordings) is None


def test_a_drawn_recording_holds_its_window_and_others_of_the_speaker() -> None:
    means = [float(2**row) for row in range(12)]
    speech = encoded("ravdess", means, [1.0] * 12)
    norms, random = SpeakerNorms(speech, SPEC, some=3), np.random.default_rng(0)
    drawn = [-norms.draw(4, "clean", random)[1, 0] for _ in range(300)]
    own, whole = means[4], sum(means[::2]) / 6
    assert sum(np.isclose(drawn, own, rtol=1e-3)) > 90, "often the clip alone"
    assert sum(np.isclose(drawn, whole, rtol=1e-3)) > 70, "often everything that the speaker said"
    pairs = [(own + other) / 2 for other in means[::2]]
    assert any(np.isclose(value, pairs, rtol=1e-3).any() for value in drawn)
    assert max(drawn) <= (own + means[10]) / 2 * 1.001, "the clip itself is always there"


def test_batches_carry_what_normalises_them() -> None:
    speech = encoded("ravdess", [1.0, 2.0], [1.0, 1.0])
    draw = SpeakerNorms(speech, SPEC, some=1).draw
    batch = EncodedBatches([speech], {"ravdess": 1}, ["clean"], ["sad"], 0, [draw]).draw(6)
    assert batch.norms is not None and batch.norms.shape == (6, 2, 1)
    torch.testing.assert_close(normalise(batch.states, batch.norms).mean((1, 2)), torch.zeros(6), atol=1e-3, rtol=0)


def test_an_encoder_that_learns_has_no_statistics_to_normalise_by() -> None:
    section = yaml.safe_load(CONFIG.read_text())["branch"]
    assert msgspec.convert(section, EncoderBranchConfig).recording_norm is not None
    with pytest.raises(msgspec.ValidationError, match="set encoder_lr to 0"):
        msgspec.convert(section | {"encoder_lr": 0.1}, EncoderBranchConfig)
