"""Speech that is changed at random stays the speech that the model reads in use."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from inference import speech
from inference.model_spec import SpeechInput
from training.features.spec_augment import MARGIN_FRAMES, SpecAugment, mel_db

SPEC = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)
SECONDS = 3.6


def voice(seconds: float) -> np.ndarray:
    """Syllables: a gliding tone with overtones, in bursts."""
    time = np.arange(round(seconds * SPEC.sample_rate)) / SPEC.sample_rate
    pitch = 2 * np.pi * np.cumsum(160 + 40 * np.sin(2 * np.pi * 0.7 * time)) / SPEC.sample_rate
    tone = sum(np.sin(overtone * pitch) / overtone for overtone in range(1, 12))
    return (0.1 * tone * (np.sin(2 * np.pi * 3 * time) > 0)).astype(np.float32)


def changes(seed: int = 0) -> SpecAugment:
    return SpecAugment(SPEC, SPEC.frames, torch.Generator().manual_seed(seed))


def test_an_unchanged_window_gives_the_mfcc_of_inference() -> None:
    hop = SPEC.hop_length
    mel = torch.from_numpy(mel_db(voice(5.0), SPEC, SECONDS))
    first = 40
    cut = mel[:, MARGIN_FRAMES + first :][:, : SPEC.frames]
    cut = torch.maximum(cut, cut.amax() - 80)
    window = voice(5.0)[first * hop :][: round(SECONDS * SPEC.sample_rate)]
    expected = speech.mfcc(window, SPEC)
    # the outermost frames look beyond the window's edge
    np.testing.assert_allclose((changes().cosines @ cut)[:, 3:-3], expected[:, 3:-3], rtol=1e-3, atol=1e-2)


def test_a_short_clip_is_followed_by_silence() -> None:
    mel = mel_db(voice(1.0), SPEC, SECONDS)
    assert mel.shape[1] >= SPEC.frames + 2 * MARGIN_FRAMES
    assert mel[:, -MARGIN_FRAMES:].max() == pytest.approx(-100)


def test_changes_keep_the_shape_and_are_seeded() -> None:
    mel = torch.from_numpy(mel_db(voice(4.0), SPEC, SECONDS)).expand(8, -1, -1)
    lengths = torch.full((8,), mel.shape[2])
    one, same, other = changes(1)(mel, lengths), changes(1)(mel, lengths), changes(2)(mel, lengths)
    assert one.shape == (8, 10, 156)
    assert one.isfinite().all()
    torch.testing.assert_close(one, same)
    assert not torch.allclose(one, other)
    assert not any(torch.allclose(row, following) for row, following in pairwise(one))


def test_changes_are_smaller_than_the_difference_between_voices() -> None:
    low = torch.from_numpy(mel_db(voice(4.0), SPEC, SECONDS))
    noise = np.random.default_rng(0).standard_normal(4 * SPEC.sample_rate).astype(np.float32) * 0.1
    other = torch.from_numpy(mel_db(noise, SPEC, SECONDS))
    lengths = torch.full((16,), low.shape[1])
    changed = changes()(low.expand(16, -1, -1), lengths)[:, 1:].mean(dim=2)
    away = changes()(other.expand(16, -1, -1), lengths)[:, 1:].mean(dim=2)
    within = (changed - changed.mean(dim=0)).norm(dim=1).mean()
    between = (changed.mean(dim=0) - away.mean(dim=0)).norm()
    assert between > 2 * within
