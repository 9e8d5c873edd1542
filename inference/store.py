"""Opens models_store/NAME/VERSION: a specification, its metrics and its weights, checked by sha256."""

import hashlib
import json
import logging
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
KINDS = ("audio-video", "eeg", "fusion")

logger = logging.getLogger(__name__)


class StoreError(Exception):
    """The store itself is damaged: files of a model are missing, or do not fit each other."""


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
        return _load_json(self.directory / "metrics.json")

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.directory / "MODEL_CARD.md").read_text()

    @property
    def used(self) -> ModelUsed:
        return ModelUsed(self.name, self.version, self.data["weights_sha256"], self.labels)


def store_directory() -> Path:
    return Path(os.environ.get("EMOTRACE_MODELS", Path(__file__).resolve().parent.parent / "models_store"))


def _load_spec(directory: Path) -> ModelSpec:
    """Raises StoreError where a file of the model is missing, or not what it should be."""
    reference = f"{directory.parent.name}@{directory.name}"
    try:
        data = _load_json(directory / "spec.json")
        if data["schema"] != SCHEMA or f"{data['name']}@{data['version']}" != reference:
            raise StoreError(f"{directory}: spec.json is not the specification of this model")
        spec = ModelSpec(directory, data)
        if spec.kind not in KINDS or not spec.labels or not isinstance(spec.notice, str):
            raise StoreError(f"{directory}: spec.json does not say what this model reads, or tells apart")
        _version_key(spec.version)
        if not isinstance(spec.metrics, dict):
            raise StoreError(f"{directory}: metrics.json does not hold the metrics of this model")
        _ = spec.card
        verify_weights(spec)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreError(f"{directory} cannot be used: {type(error).__name__}: {error}") from error
    return spec


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def scan() -> tuple[list[ModelSpec], dict[str, StoreError]]:
    """Every model in the store, by name, newest version first; and, by NAME@VERSION, why others cannot be used."""
    found, damaged = [], {}
    for directory in store_directory().glob("*/*/"):
        try:
            found.append(_load_spec(directory))
        except StoreError as error:
            damaged[f"{directory.parent.name}@{directory.name}"] = error
    found.sort(key=lambda spec: _version_key(spec.version), reverse=True)
    return sorted(found, key=lambda spec: spec.name), damaged


def list_models() -> list[ModelSpec]:
    """Every model that can be used, by name, newest version first; of the others the log says why not."""
    found, damaged = scan()
    for error in damaged.values():
        _warn_once(str(error))
    return found


@lru_cache(maxsize=100)
def _warn_once(message: str) -> None:
    """Once in each process: it is asked with every page."""
    logger.warning("a model is left out: %s", message)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def get(reference: str) -> ModelSpec:
    """The model called NAME (its newest version) or NAME@VERSION.

    Raises InputError(UNKNOWN_MODEL) if the store has no such model, StoreError if what it has cannot be used.
    """
    name, _, version = reference.partition("@")
    found, damaged = scan()
    for spec in found:
        if spec.name == name and version in ("", spec.version):
            return spec
    for each, error in damaged.items():
        if reference in (each, each.partition("@")[0]):
            raise error
    known = ", ".join(sorted({spec.name for spec in found}))
    raise InputError(Code.UNKNOWN_MODEL, f"There is no model {reference!r} here. Choose one of: {known}.")


def get_member(spec: ModelSpec, role: str) -> ModelSpec:
    """The model that `spec` is joined of in this role, such as "eeg".

    Raises StoreError where it cannot be used, or has other weights than when `spec` was fitted on what it says.
    """
    try:
        found = get(spec.data["members"][role])
    except (LookupError, TypeError, InputError) as error:
        raise StoreError(f"{spec.name}@{spec.version} lacks its part {role}: {error}") from error
    # A fusion of an earlier version does not say which weights these were.
    if spec.data.get("members_sha256", {}).get(role, found.used.sha256) != found.used.sha256:
        raise StoreError(f"{spec.name}@{spec.version} was fitted on another {found.name}@{found.version}")
    return found


def resolve(reference: str | None, *, with_eeg: bool) -> ModelSpec:
    """The model for a recording: the one asked for, or the default for what was recorded.

    Raises InputError(UNKNOWN_MODEL | MODEL_UNSUITED), and StoreError where it cannot be used or is the default and not
    there.
    """
    try:
        spec = get(reference or (DEFAULT_FUSION if with_eeg else DEFAULT_AUDIO_VIDEO))
    except InputError as error:
        if reference:
            raise
        raise StoreError(f"the store in {store_directory()} lacks the default: {error.message}") from error
    needed = "fusion" if with_eeg else "audio-video"
    if spec.kind != needed:
        suited = ", ".join(sorted({model.name for model in list_models() if model.kind == needed}))
        what = "a recording with EEG" if with_eeg else "a recording without EEG"
        raise InputError(Code.MODEL_UNSUITED, f"{spec.name} cannot read {what}. Choose one of: {suited}.")
    return spec


def sha256_of(path: Path) -> str:
    """Hex digest of a file that fits in memory."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify_weights(spec: ModelSpec) -> None:
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
        raise StoreError(f"{weights} cannot be read: {error}") from error
    if digest != spec.data["weights_sha256"]:
        raise StoreError(f"{spec.name}@{spec.version}: weights.safetensors is not the file its specification names")


@lru_cache(maxsize=100)
def _digest(path: Path, mtime_ns: int, size: int) -> str:
    return sha256_of(path)


def load_model(spec: ModelSpec) -> "nn.Module":
    """Build the network that `spec` describes and load its weights, ready for inference.

    Raises StoreError if the weights cannot be read, or are not those that the specification names.
    """
    from safetensors.torch import load_file

    from inference.models import build_model

    weights = spec.directory / "weights.safetensors"
    try:
        if sha256_of(weights) != spec.data["weights_sha256"]:
            raise StoreError(f"{spec.name}@{spec.version}: weights.safetensors is not the file its specification names")
        network = build_model(spec.data)
        network.load_state_dict(load_file(weights))
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{spec.name}@{spec.version} cannot be opened: {error}") from error
    return network.eval()
