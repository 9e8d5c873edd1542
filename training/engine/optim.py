"""Optimisers with their learning rate schedules."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR, OneCycleLR

from training.schema.sections import OptimConfig


@dataclass(frozen=True)
class Optimisation:
    """An optimiser, its schedule, which advances each `step` or `epoch`, and the decay of the moving average."""

    optimiser: torch.optim.Optimizer
    schedule: LRScheduler | None = None
    interval: Literal["step", "epoch"] = "step"
    ema: float | None = None


def one_cycle(
    network: nn.Module,
    steps: int,
    *,
    lr: float,
    warmup: float,
    weight_decay: float,
    ema: float,
    decay: float = 1e4,
    momentum: float | None = None,
    slow: nn.Module | None = None,
    slow_lr: float = 0.0,
) -> Optimisation:
    """One cycle of the learning rate, which peaks at `lr` after the share `warmup` and ends at lr / 25 / `decay`.

    With a `momentum`, Nesterov SGD that leaves biases and norms out of the weight decay; without, AdamW, whose rate
    peaks at `slow_lr` for the part `slow` of the network.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rates = [lr]
    optimiser: torch.optim.Optimizer
    if momentum is None:
        held = {parameter for parameter in slow.parameters() if parameter.requires_grad} if slow else set()
        parts = [[parameter for parameter in parameters if parameter not in held]]
        if held:
            parts.append([parameter for parameter in parameters if parameter in held])
            rates.append(slow_lr)
        optimiser = torch.optim.AdamW([{"params": part} for part in parts], lr=lr, weight_decay=weight_decay)
    else:
        groups: list[dict[str, Any]] = [
            {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": weight_decay},
            {"params": [parameter for parameter in parameters if parameter.ndim < 2]},
        ]
        optimiser = torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=True)
        rates = [lr, lr]
    schedule = OneCycleLR(
        optimiser,
        rates,
        total_steps=steps + 1,
        pct_start=warmup,
        final_div_factor=decay,
        cycle_momentum=momentum is None,
    )
    return Optimisation(optimiser, schedule, ema=ema)


def adamw(network: nn.Module, config: OptimConfig, slow: nn.Module | None = None, slow_lr: float = 0.0) -> Optimisation:
    """AdamW on one cycle with a moving average, as a configuration asks; see `one_cycle`."""
    return one_cycle(
        network,
        config.steps,
        lr=config.lr,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        ema=config.ema,
        slow=slow,
        slow_lr=slow_lr,
    )


def sgd_by_milestones(
    network: nn.Module, milestones: list[int], *, lr: float, momentum: float, dampening: float, weight_decay: float
) -> Optimisation:
    """SGD whose learning rate falls to a tenth at each of these epochs (Chumachenko et al. 2022)."""
    optimiser = torch.optim.SGD(
        network.parameters(), lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay
    )
    return Optimisation(optimiser, MultiStepLR(optimiser, milestones), "epoch")
