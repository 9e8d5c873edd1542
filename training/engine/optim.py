"""AdamW or SGD on a one-cycle schedule, with the moving average of the weights that is kept in the end."""

from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.schema.configuration import Learning

Network = TypeVar("Network", bound=nn.Module)


class Descent(Generic[Network]):
    """Takes the parameters of `network` that want gradients down through `steps` steps.

    The rate rises to `rate` over the share `warmup` of the steps and ends at rate / 25 / `decay`. With a `momentum`,
    Nesterov's, it is SGD, which leaves biases and norms out of the weight decay; without, AdamW.
    """

    def __init__(
        self,
        network: Network,
        steps: int,
        *,
        rate: float,
        warmup: float,
        weight_decay: float,
        ema: float,
        decay: float = 1e4,
        momentum: float | None = None,
    ) -> None:
        self.network = network
        self._average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(ema), use_buffers=True)
        learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimiser: torch.optim.Optimizer
        if momentum is None:
            self._optimiser = torch.optim.AdamW(learned, lr=rate, weight_decay=weight_decay)
        else:
            groups: list[dict[str, Any]] = [
                {"params": [parameter for parameter in learned if parameter.ndim > 1], "weight_decay": weight_decay},
                {"params": [parameter for parameter in learned if parameter.ndim < 2]},
            ]
            self._optimiser = torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=True)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            rate,
            total_steps=steps + 1,
            pct_start=warmup,
            final_div_factor=decay,
            cycle_momentum=momentum is None,
        )

    @property
    def average(self) -> Network:
        """The moving average of the network."""
        return self._average.module  # type: ignore[return-value]

    def step(self, loss: Tensor) -> float:
        """One step down; returns the loss."""
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._schedule.step()
        self._average.update_parameters(self.network)
        return loss.item()

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "average": self._average,
            "optimiser": self._optimiser,
            "schedule": self._schedule,
        }

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state_dict[name])


def descent(network: Network, learning: Learning) -> Descent[Network]:
    """The descent that a configuration asks for."""
    settings = learning.model_dump(include={"rate", "warmup", "weight_decay", "ema"})
    return Descent(network, learning.steps, **settings)
