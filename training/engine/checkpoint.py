"""The state of a fit on disk, so that a run that was killed resumes to the same result. No pickle is involved."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from training.schema.audio_visual import PairsConfig
from training.schema.sections import ModelConfig

RUNS = Path("runs")  # ignored by git
FILE = "checkpoint.safetensors"


class Stateful(Protocol):
    """Has a state as torch's modules and optimisers have one."""

    def state_dict(self) -> dict[str, Any]:
        """The state: tensors, and what JSON can hold."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Restore a state."""


class Randomness:
    """The sources of random numbers of a fit: torch's own, on the processor and the GPU, and `generators`."""

    def __init__(self, *generators: torch.Generator | np.random.Generator) -> None:
        self.generators = generators

    def state_dict(self) -> dict[str, Any]:
        """The state of each source."""
        states = [g.get_state() if isinstance(g, torch.Generator) else g.bit_generator.state for g in self.generators]
        cuda = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        return {"torch": torch.get_rng_state(), "cuda": cuda, "generators": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of each source."""
        torch.set_rng_state(state_dict["torch"])
        if state_dict["cuda"] is not None:
            torch.cuda.set_rng_state(state_dict["cuda"])
        for generator, state in zip(self.generators, state_dict["generators"], strict=True):
            if isinstance(generator, torch.Generator):
                generator.set_state(state)
            else:
                generator.bit_generator.state = state


def directory(config: ModelConfig | PairsConfig, *sources: object) -> Path:
    """Where this very fit is kept: another configuration or other sources have another directory."""
    return RUNS / f"{config.name}-{config.version}-{key(msgspec.to_builtins(config), *sources)}"


def key(*described: object) -> str:
    """A short digest of all that a fit depends on."""
    return hashlib.sha256(json.dumps(described, default=str).encode()).hexdigest()[:12]


def save(path: Path, parts: dict[str, Stateful]) -> None:
    """Write the state of `parts`; never half a file."""
    partial = path.with_suffix(".part")
    tensors: dict[str, torch.Tensor] = {}
    state = _without_tensors({name: part.state_dict() for name, part in parts.items()}, tensors)
    save_file(tensors, partial, metadata={"state": json.dumps(state)})
    partial.replace(path)


def resume(path: Path, parts: dict[str, Stateful]) -> None:
    """Restore what `save` wrote, if it did."""
    if not path.exists():
        return
    with safe_open(path, framework="pt") as file:
        state = _with_tensors(json.loads(file.metadata()["state"]), file.get_tensor)
    for name, part in parts.items():
        part.load_state_dict(state[name])


def _without_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """`value` as JSON: its tensors move to `tensors`, and dictionaries become pairs, for their keys may be numbers."""
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
    """The inverse of `_without_tensors`, but tuples have become lists."""
    match value:
        case {"tensor": name}:
            return tensor(name)
        case {"dict": pairs}:
            return {key: _with_tensors(each, tensor) for key, each in pairs}
        case list():
            return [_with_tensors(each, tensor) for each in value]
    return value


def seconds(directory: Path) -> float:
    """How long the epochs of a fit took, including those before it was stopped."""
    lines = [line for path in directory.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return round(sum(float(json.loads(line)["seconds"]) for line in lines), 1)


def curves(directory: Path) -> dict[str, list[dict[str, float]]]:
    """What a fit logged of each epoch, by the place of the log: `loss`, and `accuracy` where it was validated."""
    return {
        path.relative_to(directory).with_suffix("").as_posix(): [
            {key: value for key, value in json.loads(line).items() if key in ("epoch", "loss", "accuracy")}
            for line in path.read_text().splitlines()
        ]
        for path in sorted(directory.rglob("*.jsonl"))
    }


def remove(directory: Path) -> None:
    """Delete the state of a finished fit; its log stays."""
    for path in directory.rglob(FILE):
        path.unlink()
