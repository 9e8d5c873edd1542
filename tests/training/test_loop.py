"""The training loop: it learns, resumes, stops early and leaves a line an epoch."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.engine import devices
from training.engine.loop import BestCheckpoint, Loop
from training.engine.optim import Optimisation


def run(directory: Path, epochs: int, accuracies: list[float] | None = None, patience: int | None = None) -> nn.Linear:
    """Fit y = 2 x; `accuracies` are those of the validated epochs."""
    torch.manual_seed(0)
    network = nn.Linear(1, 1)
    generator = torch.Generator().manual_seed(0)
    reported = iter(accuracies or [])

    def batches(_: int) -> Iterator[Tensor]:
        for _ in range(3):
            yield torch.rand(4, 1, generator=generator)

    def loss(network: nn.Module, batch: Tensor) -> Tensor:
        return functional.mse_loss(network(batch), 2 * batch)

    with devices.launch() as fabric:
        loop = Loop(fabric, directory, generator)
        return loop.run(
            network,
            Optimisation(torch.optim.Adam(network.parameters(), lr=0.1)),
            epochs,
            batches,
            loss,
            validate=(lambda _: next(reported)) if accuracies else None,
            best=BestCheckpoint(patience) if accuracies else None,
        )


def lines(directory: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]


def test_a_network_learns_and_each_epoch_leaves_a_line(tmp_path: Path) -> None:
    assert run(tmp_path, 40).weight.item() == pytest.approx(2, abs=0.2)
    assert [line["step"] for line in lines(tmp_path)] == list(range(3, 121, 3))
    assert lines(tmp_path)[-1]["loss"] < lines(tmp_path)[0]["loss"]


def test_a_run_of_fewer_epochs_resumes_to_the_same_result(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "parts", 2)
    assert torch.equal(run(tmp_path / "parts", 4).weight, whole.weight)
    assert [line["epoch"] for line in lines(tmp_path / "parts")] == [1, 2, 3, 4]


def test_it_stops_when_patience_is_over(tmp_path: Path) -> None:
    run(tmp_path / "stopped", 9, [0.5, 0.7, 0.6, 0.7, 0.9], patience=2)
    assert [line["accuracy"] for line in lines(tmp_path / "stopped")] == [0.5, 0.7, 0.6, 0.7]
