"""EEGNet as published for EAV: sizes, padding and constraints."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from inference.models.eegnet import EEGNet, TemporalFilters


def network(d: int = 8, f2: int = 64, kernel: int = 300) -> EEGNet:
    torch.manual_seed(0)
    return EEGNet(classes=5, channels=30, samples=500, f1=8, d=d, f2=f2, kernel=kernel, dropout=0.5)


def temporal(net: EEGNet) -> TemporalFilters:
    filters = net.temporal[0]
    assert isinstance(filters, TemporalFilters)
    return filters


@pytest.mark.parametrize(("f2", "parameters"), [(64, 14_517), (16, 7_749)])
def test_it_has_the_published_number_of_parameters(f2: int, parameters: int) -> None:
    assert sum(weight.numel() for weight in network(f2=f2).parameters()) == parameters


def test_the_classic_widths_have_the_published_number_of_parameters() -> None:
    assert sum(weight.numel() for weight in network(d=2, f2=16, kernel=64).parameters()) == 2_789


def test_the_shapes_are_the_published_ones() -> None:
    net = network().eval()
    seen: dict[str, tuple[int, ...]] = {}
    for name in ("temporal", "spatial", "first", "second"):
        net.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.__setitem__(name, tuple(output.shape))
        )
    assert net(torch.randn(3, 30, 500)).shape == (3, 5)
    assert seen == {
        "temporal": (3, 8, 30, 500),
        "spatial": (3, 64, 1, 500),
        "first": (3, 64, 1, 125),
        "second": (3, 64, 1, 15),
    }


def impulse(at: int) -> Tensor:
    x = torch.zeros(1, 1, 500)
    x[0, 0, at] = 1
    return x


def test_an_even_kernel_is_padded_by_149_on_the_left_and_150_on_the_right() -> None:
    filters = TemporalFilters(1, 300)
    with torch.no_grad():
        filters.weight.copy_(torch.arange(1.0, 301.0))
    answer = filters(impulse(250))[0, 0, 0]
    # output[t] = sum of weight[k] * x[t + k - 149]
    assert answer[250].item() == pytest.approx(150, abs=1e-3)
    assert answer[250 - 150].item() == pytest.approx(300, abs=1e-3)
    assert answer[250 + 149].item() == pytest.approx(1, abs=1e-3)
    assert answer[250 - 151].abs().item() < 1e-3
    assert answer[250 + 150].abs().item() < 1e-3


@pytest.mark.parametrize("kernel", [300, 65])
def test_the_temporal_filters_are_a_convolution_with_nothing_wrapped_around(kernel: int) -> None:
    torch.manual_seed(1)
    filters, x = TemporalFilters(8, kernel), torch.randn(2, 30, 500)
    padded = functional.pad(x.unsqueeze(1), ((kernel - 1) // 2, kernel // 2))
    expected = functional.conv2d(padded, filters.weight[:, None, None])
    torch.testing.assert_close(filters(x), expected, atol=1e-4, rtol=1e-4)


def test_the_separable_kernel_is_padded_by_7_on_the_left_and_8_on_the_right() -> None:
    padding = network().second[0]
    assert padding.padding == (7, 8, 0, 0)


def test_constrain_clips_what_is_too_long_and_nothing_else() -> None:
    net = network()
    with torch.no_grad():
        net.spatial.weight.mul_(10)
        net.classifier.weight.mul_(10)
        net.spatial.weight[0].mul_(0.001)
    short = net.spatial.weight[0].clone()
    before = temporal(net).weight.clone()
    net.constrain()
    spatial = net.spatial.weight.flatten(1).norm(dim=1)
    torch.testing.assert_close(spatial[1:], torch.ones(63))
    torch.testing.assert_close(net.spatial.weight[0], short)
    torch.testing.assert_close(net.classifier.weight.norm(dim=1), torch.full((5,), 0.25))
    assert torch.equal(temporal(net).weight, before)


def test_two_passes_in_evaluation_agree() -> None:
    net, x = network().eval(), torch.randn(2, 30, 500)
    assert torch.equal(net(x), net(x))
