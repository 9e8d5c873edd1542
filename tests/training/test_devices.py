"""Fits put networks and batches on the device of the fabric; predictions put inputs where the network is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from inference.models.eegnet import EEGNet
from training.engine import devices
from training.evaluation import eeg as eeg_evaluation
from training.evaluation.recordings import window_logits
from training.features.eeg import Trials
from training.schema import configuration
from training.schema.eeg import SimulatedEEG
from training.schema.fusion import SimulatedFusion
from training.tasks import eeg, fusion

pytestmark = pytest.mark.slow

LABELS = np.arange(10) % 5


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks what the fabric moves to its device; networks refuse other inputs while they train."""
    to_device = Fabric.to_device

    def mark(fabric: Fabric, value: Any) -> Any:
        value = to_device(fabric, value)
        for tensor in value if isinstance(value, tuple) else ():
            tensor.moved = True
        return value

    def check(network: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert not network.training or all(hasattr(tensor, "moved") for tensor in inputs)

    setup = Fabric.setup

    def hooked(fabric: Fabric, network: nn.Module, *optimisers: Any) -> Any:
        network.register_forward_pre_hook(check)
        return setup(fabric, network, *optimisers)

    monkeypatch.setattr(Fabric, "to_device", mark)
    monkeypatch.setattr(Fabric, "setup", hooked)


@pytest.mark.usefixtures("moved")
def test_eeg_batches_go_through_the_fabric(tmp_path: Path) -> None:
    config = configuration.read(configuration.FOLDER / "eegnet-5.yaml")
    assert isinstance(config, SimulatedEEG)
    trials = Trials(np.zeros((10, 4, 30, 500), np.float32), LABELS, LABELS)
    with devices.launch() as fabric:
        eeg.train(fabric, msgspec.structs.replace(config, epochs=1), trials, tmp_path)


@pytest.mark.usefixtures("moved")
def test_fusion_batches_go_through_the_fabric() -> None:
    config = configuration.read(configuration.FOLDER / "fusion-cnn-5.yaml")
    assert isinstance(config, SimulatedFusion)
    matrices = np.random.default_rng(0).normal(size=(10, 10, 5)).astype(np.float32)
    with devices.launch() as fabric:
        fusion.train(fabric, lambda _: matrices, LABELS, msgspec.structs.replace(config, epochs=1))


class OnMeta(nn.Module):
    """Has its parameters on the meta device and refuses inputs from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(1, 5, device="meta")

    def forward(self, *inputs: Tensor) -> Tensor:
        assert all(tensor.device.type == "meta" for tensor in inputs)
        return torch.zeros(len(inputs[0]), 5)


def test_windows_are_predicted_where_the_network_is() -> None:
    predictor: Any = SimpleNamespace(network=OnMeta(), face_tensor=lambda crops: crops)
    windows: Any = [None] * 20

    class Windows(list[None]):
        def __getitem__(self, batch: Any) -> Any:
            return torch.zeros(len(batch), 10, 156), torch.zeros(15 * len(batch), 8, 8), None

    for modality in ("AV", "A", "V"):
        assert window_logits(predictor, Windows(windows), modality).shape == (20, 5)  # type: ignore[arg-type]


def test_eeg_is_predicted_where_the_network_is() -> None:
    network: Any = OnMeta()
    assert not isinstance(network, EEGNet)
    trials = Trials(np.zeros((3, 4, 30, 500), np.float32), LABELS[:3], LABELS[:3])
    assert eeg_evaluation.logits(network, trials).shape == (3, 4, 5)
