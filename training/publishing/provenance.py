"""Provenance of a fit: code, machine and duration."""

import os
import platform
import subprocess
from typing import Any

import torch


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def provenance(seed: int, seconds: float, processes: int = 1) -> dict[str, Any]:
    """Versions, hardware and duration (s) of a fit. A commit with uncommitted changes to the code is `-dirty`."""
    cuda = torch.cuda.is_available()
    commit = _git("rev-parse", "--short", "HEAD")
    if commit and _git("status", "--porcelain", "--", "inference", "training"):
        commit += "-dirty"
    return {
        "seed": seed,
        "commit": commit or None,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": torch.cuda.get_device_name() if cuda else f"{os.cpu_count()} CPU cores ({platform.machine()})",
        "threads": torch.get_num_threads(),
        "processes": processes,
        "seconds": seconds,
    }
