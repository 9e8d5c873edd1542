"""How recordings normalise the hidden states of their windows when a network is fitted."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from inference.model_spec import RecordingNorm
from inference.models.audio_branches import window_statistics
from inference.models.speech_encoder import SpeechEncoder
from training.data.speech_corpora import SpeechClip
from training.features.corpus_norm import fit_recording_norm, norms_of_recordings
from training.features.encoded_speech import EncodedBatches, EncodedSpeech
from training.features.recording_norm import batch_norms, normalise

PRIOR = 1e-6


class Plain(SpeechEncoder):
    """Hidden states are what they were."""

    def resume(self, x: Tensor) -> Tensor:
        return x


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    return Plain((1,))


def encoded(corpus: str, means: list[float], deviations: list[float], speakers: int = 2) -> EncodedSpeech:
    """Clips with one feature, by speakers in turn; the second variant is ten higher."""
    clips = [SpeechClip(Path(f"{row}.wav"), "sad", f"{corpus}/{row % speakers}", corpus) for row in range(len(means))]
    waves = np.tile([-1.0, 1.0], 90)[None, :, None]
    windows = (np.array(means)[:, None, None] + np.array(deviations)[:, None, None] * waves).astype(np.float16)
    return EncodedSpeech(corpus, clips, {"clean": windows, 0: windows + np.float16(10)}, np.arange(len(clips)))


def test_training_speech_counts_each_corpus_alike(encoder: SpeechEncoder) -> None:
    corpora = [encoded("ravdess", [1.0, 3.0, 2.0], [1.0, 1.0, 1.0]), encoded("nemo", [6.0], [3.0])]
    norm = fit_recording_norm(corpora, encoder, 8)
    assert norm.mean == pytest.approx((4.0,)) and norm.deviation == pytest.approx((2.0,), rel=1e-3)
    part = corpora[0].where(np.array([True, False, False]))
    assert fit_recording_norm([part], encoder, 8).mean == (1.0,), "no speech of those who test"


@pytest.mark.parametrize(
    ("recordings", "means"), [([0, 0, 0, 0], [-3, -1, 1, 3]), (["b", "a", "b", "a"], [-2, -2, 2, 2]), ("abcd", [0] * 4)]
)
def test_what_a_recording_has_in_common_is_gone(
    encoder: SpeechEncoder, recordings: list[str], means: list[float]
) -> None:
    speech = encoded("ravdess", [10.0, 14.0, 18.0, 22.0], [2.0] * 4)
    norm = RecordingNorm(mean=(0.0,), deviation=(1.0,), prior_windows=PRIOR)
    norms = norms_of_recordings(speech, norm, encoder, "clean", recordings)
    (hidden,) = speech.hidden("clean", encoder, norms)
    np.testing.assert_allclose(hidden.mean((1, 2)), means, atol=1e-3)
    np.testing.assert_allclose(hidden.std((1, 2), correction=0), 1.0, atol=1e-3)
    assert norms_of_recordings(speech, None, encoder, "clean", recordings) is None


def test_mixed_precision_does_not_shorten_it() -> None:
    torch.manual_seed(0)
    hidden = 100 + torch.randn(6, 180, 3)
    norm = RecordingNorm(mean=(0.0,) * 3, deviation=(1.0,) * 3, prior_windows=PRIOR)
    with torch.autocast("cpu", torch.bfloat16):
        norms = batch_norms(window_statistics(hidden), torch.tensor([0, 0, 0, 1, 1, 1]), norm)
    normalised = normalise(hidden, norms)
    torch.testing.assert_close(normalised.unflatten(0, (2, 3)).mean((1, 2)), torch.zeros(2, 3), atol=1e-3, rtol=0)


def test_drawn_recordings_are_of_one_speaker_and_variant() -> None:
    speech = encoded("ravdess", [float(row) for row in range(40)], [0.0] * 40, speakers=4)
    batches = EncodedBatches([speech], {"ravdess": 1}, ["clean", 0], ["sad"], 0, longest=5)
    lengths = []
    for _ in range(40):
        batch = batches.draw(16)
        assert batch.states.shape == (16, 180, 1)
        values = batch.states[:, 0, 0]
        for number in range(int(batch.recordings.max()) + 1):
            own = values[batch.recordings == number]
            lengths.append(len(own))
            assert len({*own.tolist()}) == len(own), "no clip twice"
            assert len({int(value) % 4 for value in own}) == 1 or len({int(value - 10) % 4 for value in own}) == 1
    whole = lengths[:-1]
    assert {*whole} <= {1, 2, 3, 4, 5} and min(whole.count(length) for length in (1, 3, 5)) > 5


def test_each_window_is_a_recording_without_normalisation() -> None:
    speech = encoded("ravdess", [1.0, 2.0], [0.0, 0.0])
    batch = EncodedBatches([speech], {"ravdess": 1}, ["clean"], ["sad"], 0).draw(6)
    assert batch.recordings.tolist() == list(range(6))
