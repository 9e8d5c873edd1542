"""The model store, models_store/NAME/VERSION: a specification, metrics, a card and weights checked by SHA-256."""

import json
import logging
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import Code, InputError
from inference.hashing import sha256_file
from inference.model_spec import FusionSpec, ModelSpec, parse_spec
from inference.types import ModelUsed

if TYPE_CHECKING:
    from torch import nn

DEFAULT_AUDIO_VIDEO = "intermediate-attention-8"
DEFAULT_FUSION = "fusion-cnn-5"

logger = logging.getLogger(__name__)


class StoreError(Exception):
    """The store is damaged: files of a model are missing or inconsistent."""


@dataclass(frozen=True)
class StoredModel:
    """A model of the store: its `directory` and the specification in it."""

    directory: Path
    spec: ModelSpec

    @property
    def name(self) -> str:
        """Name of the model, such as `intermediate-attention-8`."""
        return self.spec.name

    @property
    def version(self) -> str:
        """Numbers with dots between them."""
        return self.spec.version

    @property
    def kind(self) -> str:
        """`audio-video`, `eeg` or `fusion`."""
        return self.spec.kind

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the logits."""
        return self.spec.labels

    @property
    def demonstration(self) -> str | None:
        """Why the model is for demonstration only, where it is."""
        return self.spec.demonstration

    @property
    def notice(self) -> str:
        """What the model was trained on."""
        return self.spec.notice

    @property
    def used(self) -> ModelUsed:
        """The reference to this model in a timeline."""
        return self.spec.used

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The contents of metrics.json."""
        metrics = _load_json(self.directory / "metrics.json")
        if not isinstance(metrics, dict):
            raise StoreError(f"{self.directory}: metrics.json does not hold the metrics of this model")
        return metrics

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.directory / "MODEL_CARD.md").read_text()

    def __str__(self) -> str:
        """Return NAME@VERSION."""
        return f"{self.name}@{self.version}"


def store_directory() -> Path:
    """Return the root of the store: EMOTRACE_MODELS, or models_store beside the package."""
    return Path(os.environ.get("EMOTRACE_MODELS") or Path(__file__).resolve().parent.parent / "models_store")


def _open(directory: Path) -> StoredModel:
    """Read and check one version of a model. Raises StoreError where a file is missing or not valid."""
    try:
        model = StoredModel(directory, parse_spec(_load_json(directory / "spec.json")))
        if str(model) != f"{directory.parent.name}@{directory.name}":
            raise StoreError(f"{directory}: spec.json is the specification of {model}")
        _version_key(model.version)
        _ = model.metrics, model.card
        verify_weights(model)
    except (OSError, ValueError) as error:
        raise StoreError(f"{directory} cannot be used: {type(error).__name__}: {error}") from error
    return model


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def scan() -> tuple[list[StoredModel], dict[str, StoreError]]:
    """Return every usable model, by name, newest version first; and by NAME@VERSION why others cannot be used."""
    models, damaged = [], {}
    for directory in store_directory().glob("*/*/"):
        try:
            models.append(_open(directory))
        except StoreError as error:
            damaged[f"{directory.parent.name}@{directory.name}"] = error
    models.sort(key=lambda model: _version_key(model.version), reverse=True)
    return sorted(models, key=lambda model: model.name), damaged


def list_models() -> list[StoredModel]:
    """Return every usable model, by name, newest version first; log why others cannot be used."""
    models, damaged = scan()
    for error in damaged.values():
        _warn_once(str(error))
    return models


@lru_cache(maxsize=100)
def _warn_once(message: str) -> None:
    """Log a warning once in each process: every page lists the models."""
    logger.warning("a model is left out: %s", message)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def get(reference: str) -> StoredModel:
    """Return the model called NAME (its newest version) or NAME@VERSION.

    Raises InputError(UNKNOWN_MODEL) if the store has no such model, StoreError if it cannot be used.
    """
    name, _, version = reference.partition("@")
    models, damaged = scan()
    for model in models:
        if model.name == name and version in ("", model.version):
            return model
    for each, error in damaged.items():
        if reference in (each, each.partition("@")[0]):
            raise error
    known = ", ".join(sorted({model.name for model in models}))
    raise InputError(Code.UNKNOWN_MODEL, f"There is no model {reference!r} here. Choose one of: {known}.")


def get_member(fusion: StoredModel, role: str) -> StoredModel:
    """Return the model that a fusion has in a role, `audio_video` or `eeg`.

    Raises StoreError where it cannot be used, or has other weights than the fusion was fitted on.
    """
    spec = fusion.spec
    if not isinstance(spec, FusionSpec):
        raise StoreError(f"{fusion} is not a fusion")
    try:
        member = get(spec.members[role])
    except (LookupError, InputError) as error:
        raise StoreError(f"{fusion} lacks its part {role}: {error}") from error
    digest = member.used.sha256
    if spec.members_sha256.get(role, digest) != digest:
        raise StoreError(f"{fusion} was fitted on another {member}")
    return member


def resolve(reference: str | None, *, with_eeg: bool) -> StoredModel:
    """Return the requested model for a recording, or the default for its inputs.

    Raises InputError(UNKNOWN_MODEL | MODEL_UNSUITED), and StoreError where it cannot be used or the default is missing.
    """
    try:
        model = get(reference or (DEFAULT_FUSION if with_eeg else DEFAULT_AUDIO_VIDEO))
    except InputError as error:
        if reference:
            raise
        raise StoreError(f"the store in {store_directory()} lacks the default: {error.message}") from error
    needed = "fusion" if with_eeg else "audio-video"
    if model.kind != needed:
        suited = ", ".join(sorted({each.name for each in list_models() if each.kind == needed}))
        what = "a recording with EEG" if with_eeg else "a recording without EEG"
        raise InputError(Code.MODEL_UNSUITED, f"{model.name} cannot read {what}. Choose one of: {suited}.")
    return model


def verify_weights(model: StoredModel) -> None:
    """Raise StoreError if the weights cannot be read or are not those that the specification names.

    A repeated call is cheap: the file is hashed once, and again where it has changed.
    """
    weights = model.directory / "weights.safetensors"
    try:
        status = weights.stat()
        with weights.open("rb") as file:
            file.read(1)
        digest = _weights_digest(weights, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise StoreError(f"{weights} cannot be read: {error}") from error
    _require_digest(model, digest)


@lru_cache(maxsize=100)
def _weights_digest(path: Path, _mtime_ns: int, _size: int) -> str:
    return sha256_file(path)


def _require_digest(model: StoredModel, digest: str) -> None:
    if digest != model.spec.weights_sha256:
        raise StoreError(f"{model}: weights.safetensors is not the file its specification names")


def load_model(model: StoredModel) -> "nn.Module":
    """Build the network of a model and load its weights, ready for inference.

    Raises StoreError if the weights cannot be read, or are not those that the specification names.
    """
    from safetensors.torch import load_file

    from inference.models import build_model

    weights = model.directory / "weights.safetensors"
    try:
        _require_digest(model, sha256_file(weights))
        network = build_model(model.spec.architecture, len(model.labels))
        network.load_state_dict(load_file(weights))
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{model} cannot be opened: {error}") from error
    return network.eval()
