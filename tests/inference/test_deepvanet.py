"""DeepVANet: its ConvLSTM, its decision-level fusion and its biosignals."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from inference import front_ends
from inference.front_ends.signals import Biosignal, Signals
from inference.models import zoo
from inference.models.zoo._boosting import adaboost_weights
from inference.models.zoo._conv_lstm import ConvLSTM
from inference.models.zoo.system import System, example

SMALL = {"size": 32, "widths": (2, 3, 4), "images": 2, "channels": 3, "samples": 16}


def test_the_memory_is_an_lstm_over_maps() -> None:
    torch.manual_seed(0)
    ours, lstm = ConvLSTM(3, 4, kernel=1), torch.nn.LSTM(3, 4, batch_first=True)
    state = lstm.state_dict()

    def gates(rows: Tensor) -> Tensor:
        inward, forget, candidate, outward = rows.chunk(4)
        return torch.cat([inward, forget, outward, candidate])

    kernel = torch.cat([gates(state["weight_ih_l0"]), gates(state["weight_hh_l0"])], 1)[..., None, None]
    bias = gates(state["bias_ih_l0"] + state["bias_hh_l0"])
    ours.load_state_dict({"gates.weight": kernel, "gates.bias": bias})
    sequence = torch.randn(2, 5, 3)
    _, (hidden, _) = lstm(sequence)
    assert torch.allclose(ours(sequence[..., None, None])[..., 0, 0], hidden[0], atol=1e-6)


def test_adaboost_weighs_as_computed_by_hand() -> None:
    targets = torch.tensor([1.0, 1.0, 0.0, 0.0])
    first = torch.tensor([1.0, 1.0, 0.0, 1.0])  # wrong in the last: e = 1/4, weight ½ ln 3
    second = torch.tensor([0.0, 1.0, 0.0, 0.0])  # wrong in the first
    corrected = adaboost_weights([first, second], targets)
    # The last weighs 1/2 and the others 1/6 each, so that the second's error is 1/6.
    assert corrected.tolist() == pytest.approx([0.5 * np.log(3), 0.5 * np.log(5)], rel=1e-5)
    literal = adaboost_weights([first, second], targets, reweight=False)
    assert literal.tolist() == pytest.approx([0.5 * np.log(3), 0.5 * np.log(3)], rel=1e-5)
    assert adaboost_weights([targets], targets).isfinite().all()


def _decided(network: System, boosting: str) -> Tensor:
    torch.manual_seed(5)
    other = zoo.build("deepvanet", fusion="decision", boosting=boosting, **SMALL)
    other.load_state_dict(network.state_dict())
    inputs = example(other, 20)
    targets = (torch.rand(20, 2) > 0.4).float()
    targets[:3, 1] = torch.nan
    assert other.solve(inputs, targets)
    logits: Tensor = other.eval()(inputs)
    return logits


def test_the_decisions_are_fused_after_the_training() -> None:
    torch.manual_seed(2)
    network = zoo.build("deepvanet", fusion="decision", **SMALL)
    corrected, literal = _decided(network, "corrected"), _decided(network, "literal")
    assert corrected.isfinite().all()
    assert not torch.allclose(corrected, literal)


def test_a_dimension_that_nobody_rated_keeps_equal_weights() -> None:
    network = zoo.build("deepvanet", fusion="decision", **SMALL)
    targets = torch.tensor([[1.0, torch.nan], [0.0, torch.nan]])
    assert network.solve(example(network, 2), targets)
    assert network.state_dict()["boosted"][:, 1].tolist() == [1, 1]


def test_each_network_of_the_decisions_learns_for_itself() -> None:
    network = zoo.build("deepvanet", fusion="decision", **SMALL)
    inputs = example(network, 4)
    before = network.loss(inputs, torch.ones(4, 2))
    missing = torch.full((4, 2), torch.nan)
    missing[:, 0] = 1
    assert before.isfinite()
    assert network.loss(inputs, missing).isfinite()
    with pytest.raises(zoo.ZooError, match="decision needs both modalities"):
        zoo.build("deepvanet", fusion="decision", modalities="face")


@pytest.mark.parametrize(("modalities", "read"), [("face", {"faces"}), ("bio", {"bio"}), ("both", {"faces", "bio"})])
def test_each_form_reads_its_own(modalities: str, read: set[str]) -> None:
    network = zoo.build("deepvanet", modalities=modalities, **SMALL).eval()
    assert set(network.inputs) == read
    assert network(example(network, 1)).shape == (1, 2)


def test_faces_start_from_the_named_file_or_from_scratch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    build: Callable[..., System] = lambda **options: zoo.build("deepvanet", **{**SMALL, **options})  # noqa: E731
    with caplog.at_level(logging.INFO):
        scratch = build()
    assert [record.message for record in caplog.records] == [
        "the face branch starts from scratch: no weights are named"
    ]
    tensors = {
        key.removeprefix("branches.faces.convolutions."): value
        for key, value in scratch.state_dict().items()
        if "convolutions" in key
    }
    path = tmp_path / "afew.safetensors"
    save_file(tensors, path)
    loaded = build(weights=str(path)).state_dict()["branches.faces.convolutions.3.weight"]
    assert torch.equal(loaded, tensors["3.weight"])
    with pytest.raises(
        zoo.ZooError, match=r"^deepvanet: .*afew.safetensors: 0.bias is \[2\], the face branch has \[8\]"
    ):
        build(weights=str(path), widths=(8, 3, 4))
    save_file({"0.weight": tensors["0.weight"]}, path)
    with pytest.raises(zoo.ZooError, match=r"lacks 0.bias of"):
        build(weights=str(path))
    save_file({**tensors, "9.weight": torch.ones(1)}, path)
    with pytest.raises(zoo.ZooError, match=r"has no tensor 9.weight"):
        build(weights=str(path))
    path.write_bytes(b"weights")
    with pytest.raises(zoo.ZooError, match=r"not a safetensors file that can be read"):
        build(weights=str(path))


def test_the_state_before_the_trial_is_subtracted() -> None:
    rest = np.random.default_rng(0).normal(size=(3, 2, 128)).astype(np.float32)
    answer = np.arange(2 * 384, dtype=np.float32).reshape(2, 384)
    signals = Signals(
        seconds=3.0,
        bio=Biosignal(answer + np.tile(rest.mean(0), 3), 128, ("Fz", "GSR")),
        features={"baseline": rest},
    )
    front_end = front_ends.build("bio")
    assert np.allclose(front_end.compute(signals, 1.0, 1.0), answer[:, 128:256], atol=1e-4)
    assert np.allclose(front_end.compute(signals, 0.0, 2.0), answer[:, :256], atol=1e-4)
    without = Signals(seconds=3.0, eeg=Biosignal(answer, 128, ("Fz", "Cz")))
    assert np.array_equal(front_ends.build("bio", source="eeg").compute(without, 2.0, 1.0), answer[:, 256:])


def test_biosignals_are_resampled() -> None:
    tone = np.sin(2 * np.pi * 10 * np.arange(1024) / 512).astype(np.float32)[None]
    signals = Signals(seconds=2.0, bio=Biosignal(tone, 512, ("Fz",)))
    window = front_ends.build("bio").compute(signals, 0.5, 1.0)
    assert window.shape == (1, 128)
    assert np.allclose(window[0], np.sin(2 * np.pi * 10 * (np.arange(128) / 128 + 0.5)), atol=0.02)
