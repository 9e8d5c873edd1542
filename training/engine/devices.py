"""One process or several, started by torchrun: who this process is, and what it computes on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel


@contextmanager
def group() -> Iterator[None]:
    """Join the processes that torchrun started, if it did: NCCL between GPUs, gloo between processors."""
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """This process's number, 0 where it is alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def device() -> torch.device:
    """This process's own GPU, or the processor where there is none."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    )


def shared(network: nn.Module) -> nn.Module:
    """The network with its gradients averaged over all processes."""
    return DistributedDataParallel(network) if distributed.is_initialized() else network


def total(counts: Tensor) -> Tensor:
    """The sum of every process's `counts`."""
    if distributed.is_initialized():
        distributed.all_reduce(counts)
    return counts


def wait() -> None:
    """Until every process has come here."""
    if distributed.is_initialized():
        distributed.barrier()
