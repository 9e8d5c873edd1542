"""Pretrained weights, from a file that the user names; nothing is downloaded."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

logger = logging.getLogger(__name__)
_restoring = ContextVar("restoring", default=False)


@contextmanager
def restoring() -> Iterator[None]:
    """Log nothing of networks that are built in the block: they receive the weights of a fit."""
    token = _restoring.set(True)
    try:
        yield
    finally:
        _restoring.reset(token)


def _log_scratch(name: str) -> None:
    if not _restoring.get():
        logger.info("%s starts from scratch: no weights are named", name)


def load_weights(
    module: nn.Module, path: str | None, name: str, may_lack: str | None = None, unused: str = "$^"
) -> None:
    """Load the safetensors file at `path` into `module`, called `name` in messages; without one, log a line.

    The file has the names of the module's own state; it may lack those that begin with `may_lack`, which keep their
    initial values. Tensors whose name the pattern `unused` finds are left out. Raises ValueError, in one line, for a
    file that cannot be read, and with the first tensor that does not fit.
    """
    if path is None:
        _log_scratch(name)
        return
    try:
        tensors = load_file(Path(path))
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: not a safetensors file that can be read ({error})") from error
    tensors = {key: tensor for key, tensor in tensors.items() if not re.search(unused, key)}
    expected = module.state_dict()
    for key, tensor in tensors.items():
        if key not in expected:
            raise ValueError(f"{path}: {name} has no tensor {key}")
        if tensor.shape != expected[key].shape:
            raise ValueError(f"{path}: {key} is {list(tensor.shape)}, {name} has {list(expected[key].shape)}")
    for key in expected:
        if key not in tensors and not (may_lack and key.startswith(may_lack)):
            raise ValueError(f"{path}: lacks {key} of {name}")
    module.load_state_dict(tensors, strict=False)


def load_transformer(model: type[Any], config: Any, path: str | None, name: str, **settings: Any) -> nn.Module:
    """Return a network of transformers of `config`, with the weights at `path`; without one, log a line.

    `path` is a folder that `from_pretrained` reads, or its safetensors file; a classifier's serves too, and older
    names are those that transformers translates. `settings` are passed to the model. Raises ValueError, in one line,
    for weights that cannot be read, and with the first tensor that does not fit.
    """
    if path is None:
        _log_scratch(name)
        network: nn.Module = model(config, **settings)
        return network
    folder = Path(path).is_dir()
    try:
        network, report = model.from_pretrained(
            path if folder else None,
            config=config,
            state_dict=None if folder else load_file(Path(path)),
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **settings,
        )
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: no weights that transformers reads ({error})") from error
    for key, saved, expected in sorted(report["mismatched_keys"]):
        raise ValueError(f"{path}: {key} is {list(saved)}, {name} has {list(expected)}")
    for key in sorted(report["missing_keys"]):
        raise ValueError(f"{path}: lacks {key} of {name}")
    return network
