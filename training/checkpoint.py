"""Where a run stands, on disk, so that a run that was killed goes on to the same result."""

from pathlib import Path
from typing import Any, Protocol

import torch


class Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


def save(path: Path, done: int, parts: dict[str, Stateful], generator: torch.Generator) -> None:
    """Write that `done` rounds are over, the state of `parts` and of the random numbers; never half a file."""
    state = {
        "done": done,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "random": [torch.get_rng_state(), generator.get_state()],
    }
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)


def resume(path: Path, parts: dict[str, Stateful], generator: torch.Generator) -> int:
    """Put back what `save` wrote and return how many rounds were done; 0 if nothing was written."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["random"][0])
    generator.set_state(state["random"][1])
    return state["done"]
