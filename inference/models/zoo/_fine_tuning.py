"""Training of a head on a pretrained backbone, and then of both."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from inference.models.zoo.system import Inputs, Stage, System


def head_then_all(system: System, backbone: nn.Module, *, epochs: float, lr: float) -> tuple[Stage, ...]:
    """Two stages: the head learns for a share `epochs` of them, then everything does, at `lr` of the learning rate.

    Where the head learns through all epochs, the backbone never does.
    """
    frozen = set(backbone.parameters())
    head = tuple(parameter for parameter in system.parameters() if parameter not in frozen)

    def head_loss(inputs: Inputs, targets: Tensor) -> Tensor:
        with _frozen(backbone):
            return system.loss(inputs, targets)

    first = Stage("head", head_loss, head, epochs=epochs)
    if epochs >= 1:
        return (first,)
    return (first, Stage("all", system.loss, tuple(system.parameters()), epochs=1 - epochs, lr=lr))


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Compute without dropout, with the stored statistics of batch normalisation, and without gradients."""
    training, learns = module.training, {parameter: parameter.requires_grad for parameter in module.parameters()}
    module.eval().requires_grad_(False)
    try:
        yield
    finally:
        module.train(training)
        for parameter, before in learns.items():
            parameter.requires_grad_(before)
