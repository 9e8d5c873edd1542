"""Where a run stands, on disk, so that a run that was killed goes on to the same result.

Random numbers need no place here: every round of a run seeds its own.
"""

from pathlib import Path
from typing import Any, Protocol

import torch


class Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


def save(path: Path, done: int, parts: dict[str, Stateful]) -> None:
    """Write that `done` rounds are over and the state of `parts`; never half a file."""
    unfinished = path.with_suffix(".part")
    torch.save({"done": done, "parts": {name: part.state_dict() for name, part in parts.items()}}, unfinished)
    unfinished.replace(path)


def resume(path: Path, parts: dict[str, Stateful]) -> int:
    """Put back what `save` wrote and return how many rounds were done; 0 if nothing was written."""
    if not path.exists():
        return 0
    # weights_only admits tensors and plain values: nothing in the file is run
    state = torch.load(path, weights_only=True, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    return state["done"]
