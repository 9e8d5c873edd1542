"""Fits a system of the zoo: its stages by gradient steps, then what it solves in closed form."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from inference.models.zoo.system import Inputs, Stage, System
from training.engine import devices
from training.engine.loop import Loop
from training.engine.optim import Optimisation
from training.schema.zoo import Size

log = logging.getLogger(__name__)
_CHUNK = 256

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Standardisation:
    """Mean and deviation of each value of the inputs that are brought to mean 0 and deviation 1."""

    mean: Mapping[str, Tensor]
    deviation: Mapping[str, Tensor]

    @classmethod
    def of(cls, inputs: Mapping[str, Array], names: Sequence[str], rows: NDArray[np.int64]) -> "Standardisation":
        """Measure the inputs `names` of windows `rows`; a value that never changes keeps its deviation of 0 as 1."""
        mean, deviation = {}, {}
        for name in names:
            total = square = np.zeros(inputs[name].shape[1:])
            for first in range(0, len(rows), _CHUNK):
                values = inputs[name][rows[first : first + _CHUNK]].astype(np.float64)
                total, square = total + values.sum(axis=0), square + (values**2).sum(axis=0)
            middle = total / len(rows)
            spread = np.sqrt(np.maximum(square / len(rows) - middle**2, 0))
            spread[spread <= 1e-9 * np.maximum(1, np.abs(middle))] = 1
            mean[name] = torch.from_numpy(middle.astype(np.float32))
            deviation[name] = torch.from_numpy(spread.astype(np.float32))
        return cls(mean, deviation)

    def __call__(self, name: str, values: Tensor) -> Tensor:
        """Standardise a batch (B, ...) of one input, or return it as it is."""
        return (values - self.mean[name]) / self.deviation[name] if name in self.mean else values


class LabelledWindows(Dataset[tuple[dict[str, Tensor], Tensor]]):
    """Windows with the targets of their trials; inputs stay on disk until a batch asks for them."""

    def __init__(self, inputs: Mapping[str, Array], targets: NDArray[Any], standardise: Standardisation) -> None:
        """`targets` (N, ...) are of the windows."""
        self.inputs, self.targets, self.standardise = inputs, targets, standardise

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, batch: Sequence[int] | NDArray[np.int64]) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs (B, *shape) float32 by name and targets of these windows."""
        rows = np.asarray(batch)
        inputs = {
            name: self.standardise(name, torch.from_numpy(values[rows].astype(np.float32)))
            for name, values in self.inputs.items()
        }
        return inputs, torch.from_numpy(self.targets[rows])


class _Objective(nn.Module):
    """A stage whose forward is its loss, so that several processes share its gradient."""

    def __init__(self, system: System, stage: Stage) -> None:
        super().__init__()
        self.system, self.stage = system, stage

    def forward(self, inputs: Inputs, targets: Tensor) -> Tensor:
        return self.stage.loss(inputs, targets)


def fit_system(
    fabric: Fabric,
    system: System,
    windows: LabelledWindows,
    rows: NDArray[np.int64],
    size: Size,
    seed: int,
    directory: Path | None,
) -> System:
    """Fit `system` in place on the windows `rows`. A run that was stopped resumes from `directory` to the same result.

    A stage trains its own parameters; the others rest. Batches are of equal size, at most `size.batch_size`, so that
    none is left out and none of a single window remains.
    """
    system.to(fabric.device)
    learned = {parameter: parameter.requires_grad for parameter in system.parameters()}
    for number, stage in enumerate(system.stages(), 1):
        if stage.parameters and size.epochs:
            epochs = max(1, round(size.epochs * stage.epochs))
            log.info("stage %d, %s: %d epochs of %d windows", number, stage.name, epochs, len(rows))
            _fit_stage(fabric, system, stage, windows, rows, size, epochs, seed, directory and directory / stage.name)
        for parameter, learns in learned.items():
            parameter.requires_grad_(learns)
    system.cpu().eval()
    inputs, targets = windows[rows] if _solves(system) else ({}, torch.empty(0))
    if inputs:
        system.solve(inputs, targets)
    return system.to(fabric.device).eval()


@torch.inference_mode()
def predict(system: System, windows: LabelledWindows, rows: NDArray[np.int64], batch_size: int) -> Array:
    """Logits (rows, classes) of these windows."""
    system.eval()
    device = next((tensor.device for tensor in (*system.parameters(), *system.buffers())), torch.device("cpu"))
    found = []
    for first in range(0, len(rows), batch_size):
        inputs, _ = windows[rows[first : first + batch_size]]
        found.append(system({name: values.to(device) for name, values in inputs.items()}).float().cpu().numpy())
    logits: Array = np.concatenate(found)
    return logits


def _solves(system: System) -> bool:
    return type(system).solve is not System.solve


def _fit_stage(
    fabric: Fabric,
    system: System,
    stage: Stage,
    windows: LabelledWindows,
    rows: NDArray[np.int64],
    size: Size,
    epochs: int,
    seed: int,
    directory: Path | None,
) -> None:
    learning = set(stage.parameters)
    for parameter in system.parameters():
        parameter.requires_grad_(parameter in learning)
    optimiser = _optimiser(size, stage)
    optimiser.register_step_post_hook(lambda *_: system.constrain())
    count = -(-len(rows) // size.batch_size)

    def batches(epoch: int) -> Iterable[Any]:
        order = np.random.default_rng((seed, epoch)).permutation(rows)
        parts = [part[fabric.global_rank :: fabric.world_size].tolist() for part in np.array_split(order, count)]
        return devices.load(fabric, windows, parts)

    def loss(network: nn.Module, batch: tuple[dict[str, Tensor], Tensor]) -> Tensor:
        value: Tensor = network(*batch)
        return value

    Loop(fabric, directory).run(_Objective(system, stage), Optimisation(optimiser), epochs, batches, loss)


def _optimiser(size: Size, stage: Stage) -> torch.optim.Optimizer:
    lr, decay = size.lr * stage.lr, size.weight_decay
    match size.optimiser:
        case "sgd":
            return torch.optim.SGD(stage.parameters, lr=lr, momentum=size.momentum, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(stage.parameters, lr=lr, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(stage.parameters, lr=lr, weight_decay=decay)
