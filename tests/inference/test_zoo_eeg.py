"""What is special in the EEG systems of the zoo: support vectors, augmentation, variants and limits."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.svm import SVC
from torch import Tensor

from inference.models import zoo
from inference.models.zoo.eeg_conformer import recombine
from inference.models.zoo.eegformer import ConvolutionalTransformer, EEGformer, Options
from inference.models.zoo.system import example


def _clouds(classes: int = 3, each: int = 20) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(classes).repeat(each)
    centres = torch.randn(classes, 4, 2, generator=generator)
    return centres[targets] + torch.randn(len(targets), 4, 2, generator=generator), targets


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_support_vectors_say_what_scikit_learn_says(kernel: str, classes: int) -> None:
    windows, targets = _clouds(classes)
    system = zoo.build("seed-svm", classes=classes, channels=4, bands=2, kernel=kernel, c=0.5)
    assert system.solve({"features": windows}, targets)
    fitted = SVC(C=0.5, kernel=kernel).fit(windows.flatten(1), targets)
    logits = system({"features": windows})
    assert np.array_equal(logits.argmax(1), fitted.predict(windows.flatten(1)))
    if classes > 2:
        np.testing.assert_allclose(logits, fitted.decision_function(windows.flatten(1)), atol=1e-2)
    assert len(system.state_dict()["support_vectors"]) == len(fitted.support_)


def test_a_class_without_windows_is_named() -> None:
    windows, _ = _clouds()
    system = zoo.build("seed-svm", channels=4, bands=2)
    with pytest.raises(ValueError, match="the training part has no window of class 2"):
        system.solve({"features": windows}, torch.arange(len(windows)) % 2)


def test_recombined_windows_are_pieces_of_their_class_in_their_place() -> None:
    torch.manual_seed(0)
    targets = torch.tensor([0, 0, 0, 1, 1, 1])
    windows = torch.arange(6.0)[:, None, None] + torch.arange(10) * 0.01 + torch.zeros(6, 2, 10)
    found = recombine(windows, targets, 4)
    assert found.shape == windows.shape
    source = found.floor()
    torch.testing.assert_close(found - source, windows - windows.floor())  # every sample keeps its time
    assert bool((source[:3] < 3).all())
    assert bool((source[3:] >= 3).all())
    assert torch.equal(source[:, 0], source[:, 1])  # all channels of a piece come from one window
    assert len(source[0, 0].unique()) > 1


def test_the_conformer_augments_in_training_only() -> None:
    targets = torch.tensor([0, 0, 0, 1, 1, 1])
    settings: dict[str, Any] = {"classes": 2, "channels": 4, "samples": 120, "width": 10, "layers": 1, "heads": 2}
    system = zoo.build("eeg-conformer", **settings)
    seen: list[int] = []
    system.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    for train in (True, False):
        system.train(train).loss(example(system, 6), targets)
    assert seen == [12, 6]


def test_the_first_code_of_eav_ignores_the_order_of_what_its_convolutions_return() -> None:
    network = ConvolutionalTransformer(Options(variant="code", channels=8, samples=64)).eval()
    network.convolutions = torch.nn.Sequential()
    windows = torch.randn(2, 16, 64)
    torch.testing.assert_close(network(windows.flip(2)), network(windows))


def test_eegformer_heeds_the_order_of_its_segments() -> None:
    network = EEGformer(Options(channels=4, samples=64, filters=4, width=16, heads=2, segments=4)).eval()
    tokens = torch.randn(2, 4, 16)
    assert not torch.allclose(network.temporal(tokens.flip(1)).flip(1), network.temporal(tokens), atol=1e-3)


def test_eegformer_returns_logits_in_both_variants() -> None:
    for variant in ("paper", "code"):
        system = zoo.build("eegformer", variant=variant, channels=8, samples=64, filters=4, classes=3)
        assert system(example(system, 1)).shape == (1, 3)


def test_the_norm_of_each_class_is_clipped() -> None:
    system = zoo.build("shallow-conv-transformer", filters=4, layers=1)
    weight = system.get_parameter("classifier.weight")
    with torch.no_grad():
        weight[0].mul_(100)
        weight[1].mul_(0.01)
    untouched = weight[1].clone()
    system.constrain()
    assert weight[0].norm().item() == pytest.approx(0.5, abs=1e-5)
    assert torch.equal(weight[1], untouched)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("shallow-conv-transformer", {"samples": 40}, "samples 40: needs at least 47"),
        ("eeg-conformer", {"samples": 98}, "samples 98: needs at least 99"),
        ("eeg-conformer", {"heads": 7}, "width 40: not a multiple of 7 heads"),
        ("eegformer", {"samples": 27}, "samples 27: needs at least 28"),
        ("eegformer", {"heads": 7}, "width 64: not a multiple of 7 heads"),
        ("eegformer", {"segments": 10}, "width 64: not a multiple of 10 segments"),
        ("eegformer", {"variant": "code", "channels": 9}, "channels 9: the variant `code` needs an even number"),
    ],
)
def test_sizes_that_do_not_fit_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.ZooError, match=f"^{name}: {message}"):
        zoo.build(name, **options)
