"""MERCL: its losses against values computed by hand, its temporal encoder, its attentions and its two stages."""

import math
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from inference import front_ends
from inference.errors import InputError
from inference.front_ends.signals import Signals, Sound
from inference.models import zoo
from inference.models.zoo._contrastive import amcl, emcl, smcl
from inference.models.zoo._temporal import TemporalEncoder
from inference.models.zoo._vggish import VGGish
from inference.models.zoo.mercl import PAIRS, Network
from inference.models.zoo.system import example
from training.schema.configuration import FOLDER

LABELS = torch.tensor([0, 0, 1])
FACES = torch.tensor([[1.0, 0.0], [3.0, 4.0], [0.0, 1.0]])  # cosines: 0.6 (same class), 0 and 0.8
OTHERS = {"audio": torch.tensor([[0.0, 2.0], [1.0, 0.0], [1.0, 1.0]]), "eeg": torch.tensor([[1.0, 2.0]] * 3)}


def _build(**options: Any) -> Network:
    small = yaml.safe_load((FOLDER / "zoo" / "mercl.yaml").read_text())["sizes"]["small"]["options"]
    network = zoo.build("mercl", **{"classes": 2, **small, **options})
    assert isinstance(network, Network)
    return network


def test_amcl_is_as_computed_by_hand() -> None:
    first, second = math.log(1 + math.exp(0 - 0.6)), math.log(1 + math.exp(0.8 - 0.6))
    assert amcl({"faces": FACES}, LABELS, temperature=1).item() == pytest.approx((first + second) / 2)
    # Dot products: 3 of the same class, 0 and 4 of the other.
    literal = (-math.log(3 / (3 + 0)) - math.log(3 / (3 + 4))) / 2
    assert amcl({"faces": FACES}, LABELS, "literal").item() == pytest.approx(literal)


def test_emcl_is_as_computed_by_hand() -> None:
    embeddings = {"faces": FACES[:2], "audio": torch.tensor([[0.0, 2.0], [1.0, 0.0]])}
    labels = torch.tensor([0, 1])
    # Cosines of faces and audio: [[0, 1], [0.8, 0.6]]; each anchor has its own sample as the only positive.
    rows = math.log(1 + math.exp(1 - 0)), math.log(1 + math.exp(0.8 - 0.6))
    columns = math.log(1 + math.exp(0.8 - 0)), math.log(1 + math.exp(1 - 0.6))
    assert emcl(embeddings, labels, temperature=1).item() == pytest.approx(sum(rows + columns) / 4)


def test_emcl_contrasts_with_both_other_modalities() -> None:
    embeddings = {"faces": FACES, **OTHERS}
    unit = {name: values / values.norm(dim=1, keepdim=True) for name, values in embeddings.items()}
    losses = []
    for name, anchors in unit.items():
        for anchor, label in zip(anchors, LABELS, strict=True):
            positive = negative = 0.0
            for values in (unit[other] for other in unit if other != name):
                for value, other_label in zip(values, LABELS, strict=True):
                    similarity = math.exp(float(anchor @ value) / 0.5)
                    positive += similarity * float(label == other_label)
                    negative += similarity * float(label != other_label)
            losses.append(-math.log(positive / (positive + negative)))
    assert emcl(embeddings, LABELS, temperature=0.5).item() == pytest.approx(sum(losses) / 9, rel=1e-5)


def test_smcl_is_as_computed_by_hand_and_leaves_samples_out() -> None:
    embeddings = {"faces": FACES, "audio": OTHERS["audio"]}
    every = torch.tensor([True, True, True])
    cosines = (0, 0.6, math.sqrt(0.5))
    expected = sum((cosine - 0.8) ** 2 for cosine in cosines) / 3
    assert smcl(embeddings, every).item() == pytest.approx(expected)
    assert smcl(embeddings, torch.tensor([False, True, False])).item() == pytest.approx(0.2**2, abs=1e-6)
    assert smcl(embeddings, ~every).item() == 0
    literal = ((0 - 0.8) ** 2 + (3 - 0.8) ** 2 + (1 - 0.8) ** 2) / 3
    assert smcl(embeddings, every, "literal").item() == pytest.approx(literal)


def test_the_printed_loss_is_nan_where_the_stable_one_is_finite() -> None:
    embeddings = {"faces": torch.tensor([[1.0, 0.0], [-3.0, 4.0], [0.0, 1.0]]), **OTHERS}
    assert amcl(embeddings, LABELS, "literal").isnan()
    for values in embeddings.values():
        values.requires_grad_(True)
    loss = amcl(embeddings, LABELS) + emcl(embeddings, LABELS)
    loss.backward()
    assert loss.isfinite()
    assert all(values.grad is not None and values.grad.isfinite().all() for values in embeddings.values())


def test_a_batch_without_a_second_of_any_class_has_no_contrast() -> None:
    assert amcl({"faces": FACES[:1]}, LABELS[:1]).item() == 0
    assert amcl({"faces": FACES[1:]}, LABELS[1:]).item() == 0


def test_nothing_changes_before_the_time_of_a_change() -> None:
    torch.manual_seed(0)
    encoder = TemporalEncoder(3, 4, kernel=3, dropout=0.5).eval()
    tokens = torch.randn(1, 40, 3)
    changed = tokens.clone()
    changed[:, 5] += 1
    difference = (encoder(changed) - encoder(tokens)).abs().sum(2)[0]
    assert not difference[:5].any()
    assert (difference[5:36] > 0).all()  # 1 + 2 (1 + 2 + 4 + 8) steps see it
    assert not difference[36:].any()


@pytest.mark.slow
def test_each_modality_attends_to_both_others() -> None:
    network = _build().eval()
    encoded = network.encode(example(network, 3))
    assert {name: tuple(hidden.shape) for name, hidden in encoded.items()} == {
        "faces": (3, 2, 32),
        "audio": (3, 4, 32),
        "eeg": (3, 13, 32),
    }
    assert len(PAIRS) == 6
    for query, key in PAIRS:
        assert network.attend(encoded, query, key).shape == encoded[query].shape
        other = {**encoded, key: encoded[key] + 1}
        assert not torch.allclose(network.attend(other, query, key), network.attend(encoded, query, key))


@pytest.mark.slow
def test_frozen_encoders_stay_as_the_first_stage_left_them() -> None:
    for encoders, learns in (("frozen", False), ("fine-tuned", True)):
        network = _build(encoders=encoders).train()
        before = {key: value.clone() for key, value in network.encoders.state_dict().items()}
        first, second = network.stages()
        assert (first.name, second.name) == ("contrastive", "fine-tuning")
        second.loss(example(network, 4), torch.tensor([0, 1, 0, 1])).backward()
        assert any(parameter.grad is not None for parameter in network.encoders.parameters()) is learns
        same = all(torch.equal(value, before[key]) for key, value in network.encoders.state_dict().items())
        assert same is not learns  # the means of the batch norms move with training


def test_the_stable_form_learns_and_the_literal_one_is_lost() -> None:
    torch.manual_seed(1)
    labels = torch.tensor([0, 1, 0, 1])
    losses = {}
    for form in ("stable", "literal"):
        network = _build(form=form).train()
        losses[form] = network.contrastive_loss(example(network, 4), labels)
    assert losses["stable"].isfinite()
    assert losses["literal"].isnan()


def test_a_silent_window_takes_no_part_in_the_alignment() -> None:
    network = _build()
    silence = np.zeros(64_000, np.float32)
    speech = (0.1 * np.sin(2 * np.pi * 500 * np.arange(64_000) / 16_000)).astype(np.float32)
    log_mels = [_log_mel(sound) for sound in (silence, speech)]
    assert network.has_sound(torch.from_numpy(np.stack(log_mels))).tolist() == [False, True]


def _log_mel(samples: np.ndarray[Any, np.dtype[np.float32]], **settings: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return front_ends.build("log-mel", **settings).compute(Signals(seconds=4, sound=Sound(samples, 16_000)), 0, 4)


def test_a_tone_stands_in_the_band_of_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(64_000) / 16_000).astype(np.float32)
    tone[:32_000] = 0
    log_mel = _log_mel(tone)
    assert log_mel.shape == (20, 400)

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    centres = np.linspace(mel(125), mel(7500), 22)[1:-1]
    assert log_mel[:, 300].argmax() == np.abs(centres - mel(1000)).argmin()
    assert np.allclose(log_mel[:, :190], math.log(0.01))
    assert log_mel[:, 300].max() > log_mel[:, 100].max() + 5
    assert _log_mel(tone, bands=64, window_s=0.025).shape == (64, 400)
    with pytest.raises(InputError, match="sound"):
        front_ends.build("log-mel").compute(Signals(seconds=4), 0, 4)


def test_a_frame_is_centred_on_its_time() -> None:
    sounds = np.zeros((2, 64_000), np.float32)
    sounds[0, 32_000 - 390] = sounds[1, 32_000 + 390] = 1  # just within the 800 samples of frame 200
    before, after = (_log_mel(sound).max(0) > math.log(0.02) for sound in sounds)
    assert np.flatnonzero(before).max() == 200
    assert np.flatnonzero(after).min() == 200


def test_vggish_has_the_published_size() -> None:
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in VGGish().parameters()) == 72_141_184
    with pytest.raises(ValueError, match="at least 16 of each"):
        VGGish(bands=8)


def test_sizes_that_do_not_fit_are_named() -> None:
    for options, message in (
        ({"frames": 90}, "frames 90: fewer than a patch of 96"),
        ({"steps": 6}, "steps 6: needs at least 7"),
        ({"vit_heads": 5}, "vit_width 32: not a multiple of 5 heads"),
        ({"heads": 5}, "width 32: not a multiple of 5 heads"),
    ):
        with pytest.raises(zoo.ZooError, match=message):
            _build(**options)
