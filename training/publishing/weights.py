"""Writes a trained network into the store: weights, specification, metrics and model card."""

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from safetensors.torch import save_file
from torch import Tensor, nn

from inference import store
from inference.hashing import sha256_file
from inference.model_spec import FusionSpec, ModelSpec
from training.publishing.card import render

_ENCODER = "audio.encoder."


def publish(
    network: nn.Module, spec: ModelSpec, metrics: dict[str, Any], config: Any, template: str, out: Path
) -> None:
    """Write `out`/NAME/VERSION, with the card that `template` names; see `write`."""
    card = render(template, network, spec, metrics, config)
    write(out / spec.name / spec.version, network, spec, metrics, card)


def write(
    directory: Path, network: nn.Module, spec: ModelSpec, metrics: dict[str, Any], card: str
) -> store.StoredModel:
    """Write one version of a model, and return it.

    The specification receives the SHA-256 of the weights, and of its members'. The speech encoder is stored in half
    precision, in which its weights come. Raises ValueError for weights that are not finite.
    """
    weights = {name: _stored(name, tensor).cpu().contiguous() for name, tensor in network.state_dict().items()}
    if not all(tensor.isfinite().all() for tensor in weights.values()):
        raise ValueError(f"{directory}: the training diverged, its weights are not finite")
    directory.mkdir(parents=True, exist_ok=True)
    save_file(weights, directory / "weights.safetensors")
    complete = replace(spec, weights_sha256=sha256_file(directory / "weights.safetensors"))
    if isinstance(complete, FusionSpec):
        members = {role: store.get(name).used.sha256 for role, name in complete.members.items()}
        complete = replace(complete, members_sha256=members)
    (directory / "spec.json").write_text(json.dumps(msgspec.to_builtins(complete), indent=2) + "\n")
    (directory / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (directory / "MODEL_CARD.md").write_text(card)
    return store.StoredModel(directory, complete)


def _stored(name: str, tensor: Tensor) -> Tensor:
    return tensor.half() if name.startswith(_ENCODER) else tensor
