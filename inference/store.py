"""Opens models_store/NAME/VERSION: a specification, its metrics and its weights, checked by sha256."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import Code, InputError
from inference.types import ModelUsed

if TYPE_CHECKING:
    from torch import nn

SCHEMA = "emotrace.model/1"
DEFAULT_AUDIO_VIDEO = "intermediate-attention-8"
DEFAULT_FUSION = "fusion-cnn-5"


class StoreError(Exception):
    """The store itself is damaged: a specification or weights that do not fit each other."""


@dataclass(frozen=True)
class ModelSpec:
    """A model's spec.json: `data` holds everything that the model assumes about its input."""

    directory: Path
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def version(self) -> str:
        return self.data["version"]

    @property
    def kind(self) -> str:
        """`audio-video`, `eeg` or `fusion`."""
        return self.data["kind"]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.data["labels"])

    @property
    def demonstration(self) -> str | None:
        """Why the model is for demonstration only, where it is."""
        return self.data.get("demonstration")

    @property
    def notice(self) -> str:
        return self.data["notice"]

    @cached_property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.directory / "metrics.json").read_text())

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.directory / "MODEL_CARD.md").read_text()

    @property
    def used(self) -> ModelUsed:
        return ModelUsed(self.name, self.version, self.data["weights_sha256"], self.labels)


def root() -> Path:
    return Path(os.environ.get("EMOTRACE_MODELS", Path(__file__).resolve().parent.parent / "models_store"))


def _read(directory: Path) -> ModelSpec:
    data = json.loads((directory / "spec.json").read_text())
    if data.get("schema") != SCHEMA or (data["name"], data["version"]) != (directory.parent.name, directory.name):
        raise StoreError(f"{directory}: spec.json is not the specification of this model")
    return ModelSpec(directory, data)


def all_models() -> list[ModelSpec]:
    """Every model in the store, by name, newest version first."""
    found = [_read(path.parent) for path in root().glob("*/*/spec.json")]
    found.sort(key=lambda spec: _version_key(spec.version), reverse=True)
    return sorted(found, key=lambda spec: spec.name)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def find(reference: str) -> ModelSpec:
    """The model called NAME (its newest version) or NAME@VERSION.

    Raises InputError(UNKNOWN_MODEL) if the store has no such model.
    """
    name, _, version = reference.partition("@")
    for spec in all_models():
        if spec.name == name and version in ("", spec.version):
            return spec
    known = ", ".join(sorted({spec.name for spec in all_models()}))
    raise InputError(Code.UNKNOWN_MODEL, f"There is no model {reference!r} here. Choose one of: {known}.")


def choose(reference: str | None, *, with_eeg: bool) -> ModelSpec:
    """The model for a recording: the one asked for, or the default for what was recorded.

    Raises InputError(UNKNOWN_MODEL | MODEL_UNSUITED).
    """
    spec = find(reference or (DEFAULT_FUSION if with_eeg else DEFAULT_AUDIO_VIDEO))
    needed = "fusion" if with_eeg else "audio-video"
    if spec.kind != needed:
        suited = ", ".join(sorted({model.name for model in all_models() if model.kind == needed}))
        what = "a recording with EEG" if with_eeg else "a recording without EEG"
        raise InputError(Code.MODEL_UNSUITED, f"{spec.name} cannot read {what}. Choose one of: {suited}.")
    return spec


def sha256_of(path: Path) -> str:
    """Hex digest of a file that fits in memory."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def require_intact(spec: ModelSpec) -> None:
    """Raise StoreError if the weights cannot be read or are not those that `spec` names.

    Cheap to repeat: they are read once, and again where the file has changed.
    """
    weights = spec.directory / "weights.safetensors"
    try:
        about = weights.stat()
        with weights.open("rb") as file:
            file.read(1)
        digest = _digest(weights, about.st_mtime_ns, about.st_size)
    except OSError as error:
        raise StoreError(f"{spec.name}@{spec.version}: weights.safetensors cannot be read: {error}") from error
    if digest != spec.data["weights_sha256"]:
        raise StoreError(f"{spec.name}@{spec.version}: weights.safetensors is not the file its specification names")


@lru_cache(maxsize=100)
def _digest(path: Path, mtime_ns: int, size: int) -> str:
    return sha256_of(path)


def open_model(spec: ModelSpec) -> "nn.Module":
    """Build the network that `spec` describes and load its weights, ready for inference.

    Raises StoreError if the weights cannot be read, or are not those that the specification names.
    """
    from safetensors.torch import load_file

    from inference.models import build

    weights = spec.directory / "weights.safetensors"
    try:
        if sha256_of(weights) != spec.data["weights_sha256"]:
            raise StoreError(f"{spec.name}@{spec.version}: weights.safetensors is not the file its specification names")
        network = build(spec.data)
        network.load_state_dict(load_file(weights))
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{spec.name}@{spec.version} cannot be opened: {error}") from error
    return network.eval()
