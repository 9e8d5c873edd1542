"""The baselines of MERCL: the kernel machine's closed form, and what the recurrent ones read."""

from typing import Any

import pytest
import torch
import yaml
from sklearn.kernel_ridge import KernelRidge

from inference.models import zoo
from inference.models.zoo.ave_kelm import Network
from inference.models.zoo.system import System, example
from training.schema.configuration import FOLDER


def _build(name: str, **options: Any) -> System:
    small = yaml.safe_load((FOLDER / "zoo" / f"{name}.yaml").read_text())["sizes"]["small"]["options"]
    return zoo.build(name, **{"classes": 3, **small, **options})


@pytest.mark.slow
def test_the_kernel_machine_is_kernel_ridge_regression() -> None:
    torch.manual_seed(0)
    network = _build("ave-kelm", c=2.0, gamma=0.5)
    assert isinstance(network, Network)
    inputs, targets = example(network, 12), torch.arange(12) % 3
    before = network(inputs)
    assert not before.any()
    assert network.solve(inputs, targets)
    wanted = 2 * torch.nn.functional.one_hot(targets, 3) - 1
    reference = KernelRidge(alpha=1 / 2, kernel="rbf", gamma=0.5).fit(network.centres.numpy(), wanted.numpy())
    assert torch.allclose(
        network(inputs), torch.from_numpy(reference.predict(network.centres.numpy())).float(), atol=1e-4
    )


def test_every_modality_has_the_same_share_of_the_distance() -> None:
    torch.manual_seed(0)
    network = _build("ave-kelm")
    assert isinstance(network, Network)
    network.solve(example(network, 64), torch.arange(64) % 3)
    shares = [part.square().sum(1).mean() for part in network.centres.split(network.sizes, 1)]
    assert torch.allclose(torch.stack(shares), torch.tensor(1 / 3), atol=1e-3)


@pytest.mark.parametrize("name", ["ve-bilstm", "ave-lstm", "ave-rt"])
def test_every_modality_and_step_is_read(name: str) -> None:
    torch.manual_seed(0)
    network = _build(name).eval()
    assert ("audio" in network.inputs) == (name != "ve-bilstm")
    inputs = example(network, 2)
    logits = network(inputs)
    for modality, values in inputs.items():
        changed = values.clone()
        changed[:, ..., :5] += 1
        assert not torch.allclose(network({**inputs, modality: changed}), logits), modality
    faces = inputs["faces"].clone()
    faces[:, 0] = 0
    assert not torch.allclose(network({**inputs, "faces": faces}), logits)


def test_video_and_eeg_alone_have_no_option_of_the_audio() -> None:
    with pytest.raises(zoo.ZooError, match="unknown field `vggish_weights`"):
        _build("ve-bilstm", vggish_weights="audio.safetensors")
    with pytest.raises(zoo.ZooError, match="hidden 32: not a multiple of 5 heads"):
        _build("ave-rt", heads=5)
