"""Where a fit runs: processes, device and precision, by lightning-fabric."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_utilities.core.apply_func import apply_to_collection
from torch.utils.data import DataLoader, Dataset

_WORKERS = 4


@contextmanager
def launch(*, bfloat16: bool = False) -> Iterator[Fabric]:
    """Join the processes of torchrun, if it started this one: one GPU each, or the processor where there is none.

    The context seeds nothing; each task seeds its network and its batches.
    """
    world, local = (int(os.environ.get(name, 1)) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    fabric = Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=local,
        num_nodes=world // local,
        # The published audio-visual networks carry parameters that never reach the output.
        strategy=DDPStrategy(find_unused_parameters=True) if "WORLD_SIZE" in os.environ else "auto",
        precision="bf16-mixed" if bfloat16 else "32-true",
    )
    fabric.launch()
    try:
        yield fabric
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def batches_of_indices(fabric: Fabric, count: int, size: int, seed: int) -> list[list[int]]:
    """This process's share of each batch of `size` of a permutation of `count`; a smaller last batch is dropped."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    starts = range(0, count - size + 1, size)
    return [order[start : start + size][fabric.global_rank :: fabric.world_size] for start in starts]


def load(fabric: Fabric, dataset: Dataset[Any], batches: list[list[int]]) -> Iterable[Any]:
    """The dataset's batches on the device. On a GPU, workers prefetch them into pinned memory."""
    gpu = fabric.device.type == "cuda"
    loader = DataLoader(
        dataset,
        sampler=batches,
        batch_size=None,
        num_workers=_WORKERS if gpu else 0,
        pin_memory=gpu,
        generator=torch.Generator(),  # a loader seeds its workers; the global generator is the network's
    )
    return map(fabric.to_device, loader)


def share(fabric: Fabric, batch: Any) -> Any:
    """This process's rows of a batch of tensors that every process has drawn alike."""
    return apply_to_collection(batch, torch.Tensor, lambda rows: rows[fabric.global_rank :: fabric.world_size])
