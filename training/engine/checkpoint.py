"""Where a fit stands, on disk after each round, so that a fit that was killed goes on to the same result."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from training.engine import devices as distributed

log = logging.getLogger(__name__)
RUNS = Path("runs")  # ignored by git
_FILE = "checkpoint.safetensors"


class Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class Randomness:
    """The sources of random numbers that a fit in one process draws from: torch's own and `generators`."""

    def __init__(self, *generators: torch.Generator | np.random.Generator) -> None:
        self.generators = generators

    def state_dict(self) -> dict[str, Any]:
        states = [g.get_state() if isinstance(g, torch.Generator) else g.bit_generator.state for g in self.generators]
        return {"torch": torch.get_rng_state(), "generators": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        torch.set_rng_state(state_dict["torch"])
        for generator, state in zip(self.generators, state_dict["generators"], strict=True):
            if isinstance(generator, torch.Generator):
                generator.set_state(state)
            else:
                generator.bit_generator.state = state


def folder(name: str, *asked: object) -> Path:
    """Where this very fit is kept: whatever else is `asked` for has another place."""
    key = hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:12]
    return RUNS / f"{name}-{key}"


def rounds(
    place: Path, count: int, parts: dict[str, Stateful], one: Callable[[int], dict[str, Any]], lines: str = "log.jsonl"
) -> None:
    """Call `one` with each number of 1 to `count` that was not done before and keep the state of `parts` after it.

    What `one` returns becomes a line of `place`/`lines`. Under torchrun the first process writes.
    """
    place.mkdir(parents=True, exist_ok=True)
    # A fit that was killed at the end of a phase leaves that phase's checkpoint to the next one, which has no log yet.
    first = _resume(place / _FILE, parts) + 1 if (place / lines).exists() else 1
    for number in range(first, count + 1):
        started = time.monotonic()
        entry = one(number) | {"seconds": round(time.monotonic() - started, 1)}
        if distributed.rank() == 0:
            log.info("%s", entry)
            with (place / lines).open("a" if number > 1 else "w") as written:
                written.write(json.dumps(entry) + "\n")
            save(place / _FILE, number, parts)
        distributed.wait()


def save(path: Path, done: int, parts: dict[str, Stateful]) -> None:
    """Write that `done` rounds are over and the state of `parts`; never half a file."""
    unfinished = path.with_suffix(".part")
    tensors: dict[str, torch.Tensor] = {}
    state = _without_tensors({name: part.state_dict() for name, part in parts.items()}, tensors)
    save_file(tensors, unfinished, metadata={"done": str(done), "state": json.dumps(state)})
    unfinished.replace(path)


def _resume(path: Path, parts: dict[str, Stateful]) -> int:
    """Put back what `save` wrote and return how many rounds were done; 0 if nothing was written."""
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        said = file.metadata()
        state = _with_tensors(json.loads(said["state"]), file.get_tensor)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(said["done"])


def _without_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """`value` as JSON can hold it; its tensors go to `tensors`, and keys of dictionaries stay what they are."""
    match value:
        case torch.Tensor():
            name = str(len(tensors))
            tensors[name] = value.detach().clone().contiguous()
            return {"tensor": name}
        case dict():
            return {"dict": [[key, _without_tensors(each, tensors)] for key, each in value.items()]}
        case list() | tuple():
            return [_without_tensors(each, tensors) for each in value]
    return value


def _with_tensors(value: Any, tensor: Callable[[str], torch.Tensor]) -> Any:
    """What `_without_tensors` was given; tuples have become lists."""
    match value:
        case {"tensor": name}:
            return tensor(name)
        case {"dict": pairs}:
            return {key: _with_tensors(each, tensor) for key, each in pairs}
        case list():
            return [_with_tensors(each, tensor) for each in value]
    return value


def seconds(place: Path) -> float:
    """How long the rounds of a fit took, also those before it was stopped."""
    lines = [line for path in place.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return round(sum(json.loads(line)["seconds"] for line in lines), 1)


def forget(place: Path) -> None:
    """Take the state of a fit that is over off the disk; its log stays."""
    for path in place.rglob(_FILE):
        path.unlink()
