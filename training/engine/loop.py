"""The training loop of every task."""

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.engine import checkpoint
from training.engine.devices import share
from training.engine.optim import Optimisation, adamw
from training.schema.sections import OptimConfig

log = logging.getLogger(__name__)
STEPS_PER_EPOCH = 100
_REPORT_EVERY_S = 30.0

Network = TypeVar("Network", bound=nn.Module)
Batches = Callable[[int], Iterable[Any]]
Loss = Callable[[nn.Module, Any], Tensor]


class BestCheckpoint:
    """The weights with the highest validation accuracy so far; the earliest of equal ones."""

    def __init__(self, patience: int | None = None) -> None:
        self.patience = patience
        self.accuracy, self.epoch = -1.0, 0
        self.weights: dict[str, Tensor] = {}

    def offer(self, accuracy: float, epoch: int, network: nn.Module) -> None:
        """Keep the weights if their accuracy is the highest."""
        if accuracy > self.accuracy:
            self.accuracy, self.epoch = accuracy, epoch
            self.weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def is_final(self, epoch: int) -> bool:
        """Whether the last `patience` epochs up to this one brought no higher accuracy."""
        return self.patience is not None and epoch - self.epoch >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """As torch's modules have it."""
        return {"accuracy": self.accuracy, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a state."""
        self.accuracy, self.epoch, self.weights = (state_dict[key] for key in ("accuracy", "epoch", "weights"))


class Progress:
    """Whole epochs and gradient steps so far."""

    epoch, step = 0, 0

    def state_dict(self) -> dict[str, int]:
        """As torch's modules have it."""
        return {"epoch": self.epoch, "step": self.step}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Restore a state."""
        self.epoch, self.step = state_dict["epoch"], state_dict["step"]


class Loop:
    """Trains a network by gradient steps and saves its state in `directory` after each epoch.

    An epoch is what `batches` yields for its number, counted from 1. A run that was stopped resumes after its last
    whole epoch, to the same result. Each epoch appends a line of JSON to `directory`/`log_name`.
    """

    def __init__(
        self,
        fabric: Fabric,
        directory: Path | None,
        *generators: torch.Generator | np.random.Generator,
        log_name: str = "log.jsonl",
    ) -> None:
        """`generators` are the sources of random numbers that batches and losses draw from across epochs.

        Without a `directory`, nothing is saved: for networks that train in seconds.
        """
        self.fabric, self.directory, self.log_name = fabric, directory, log_name
        self.randomness = checkpoint.Randomness(*generators)

    def run(
        self,
        network: Network,
        optimisation: Optimisation,
        epochs: int,
        batches: Batches,
        loss: Loss,
        *,
        validate: Callable[[Network], float] | None = None,
        best: BestCheckpoint | None = None,
    ) -> Network:
        """Train `network` in place.

        Args:
            network: on the fabric's device.
            optimisation: of the network's parameters.
            epochs: how many to train for; `best` may end them earlier.
            batches: the batches of an epoch.
            loss: the mean loss of a batch, given the network as the fabric's precision and processes wrap it.
            validate: the accuracy of a network on the validation part.
            best: receives the weights of each validated epoch.

        Returns:
            The moving average of the network, where the optimisation asks for one; otherwise the network.
        """
        average = None
        if optimisation.ema is not None:
            average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(optimisation.ema), use_buffers=True)
        result: Network = network if average is None else average.module  # type: ignore[assignment]
        progress = Progress()
        parts = {
            "network": network,
            "average": average,
            "optimiser": optimisation.optimiser,
            "schedule": optimisation.schedule,
            "random": self.randomness,
            "best": best,
            "progress": progress,
        }
        state: dict[str, checkpoint.Stateful] = {name: part for name, part in parts.items() if part is not None}
        self._resume(state)
        wrapped, optimiser = self.fabric.setup(network, optimisation.optimiser)

        def step(batch: Any) -> Tensor:
            optimiser.zero_grad()
            with self.fabric.autocast():
                value = loss(wrapped, batch)
            self.fabric.backward(value)
            optimiser.step()
            if optimisation.schedule and optimisation.interval == "step":
                optimisation.schedule.step()
            if average:
                average.update_parameters(network)
            return value.detach()

        while progress.epoch < epochs and not (best and best.is_final(progress.epoch)):
            progress.epoch += 1
            started = time.monotonic()
            wrapped.train()
            losses = self._epoch(progress.epoch, batches, step)
            progress.step += len(losses)
            if optimisation.schedule and optimisation.interval == "epoch":
                optimisation.schedule.step()
            entry = {"epoch": progress.epoch, "step": progress.step, "loss": round(losses.mean().item(), 4)}
            if validate:
                accuracy = self.fabric.broadcast(validate(result))
                entry["accuracy"] = round(accuracy, 4)
                if best:
                    best.offer(accuracy, progress.epoch, result)
            self._save(entry | {"seconds": round(time.monotonic() - started, 1)}, state)
        return result.eval()

    def run_steps(
        self,
        network: Network,
        config: OptimConfig,
        draw: Callable[[int], Any],
        loss: Callable[[nn.Module, Any], Tensor],
        optimisation: Optimisation | None = None,
    ) -> Network:
        """Train on batches of `draw`, which every process draws alike, in epochs of 100 steps; see `run`.

        Without an `optimisation` it is AdamW's.
        """

        def batches(epoch: int) -> Iterator[Any]:
            for _ in range((epoch - 1) * STEPS_PER_EPOCH, min(epoch * STEPS_PER_EPOCH, config.steps)):
                yield share(self.fabric, draw(config.batch_size))

        epochs = math.ceil(config.steps / STEPS_PER_EPOCH)
        return self.run(network, optimisation or adamw(network, config), epochs, batches, loss)

    def _epoch(self, epoch: int, batches: Batches, step: Callable[[Any], Tensor]) -> Tensor:
        """The loss of each batch (steps,)."""
        losses: list[Tensor] = []
        reported = time.monotonic()
        for batch in batches(epoch):
            losses.append(step(self.fabric.to_device(batch)))
            if time.monotonic() - reported > _REPORT_EVERY_S:
                reported = time.monotonic()
                log.info("epoch %d step %d loss %.3f", epoch, len(losses), losses[-1])
        return torch.stack(losses).double()

    def _resume(self, state: dict[str, checkpoint.Stateful]) -> None:
        if self.directory is None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        # The checkpoint of a finished phase may still be there when the next one, without a log, begins.
        if (self.directory / self.log_name).exists():
            checkpoint.resume(self.directory / checkpoint.FILE, state)

    def _save(self, entry: dict[str, Any], state: dict[str, checkpoint.Stateful]) -> None:
        if self.directory is not None and self.fabric.is_global_zero:
            log.info("%s", entry)
            with (self.directory / self.log_name).open("a" if entry["epoch"] > 1 else "w") as lines:
                lines.write(json.dumps(entry) + "\n")
            checkpoint.save(self.directory / checkpoint.FILE, state)
        self.fabric.barrier()
