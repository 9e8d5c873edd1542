"""The audio-visual network with a speech encoder goes from files to the store and is scored as it is deployed."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from safetensors.torch import load_file, save_file

from inference import store
from inference.models.speech_encoder import SpeechEncoder
from tests.training.test_speech_corpora_fit import encoded
from training.__main__ import main
from training.data.fer2013 import LABELS as FACES
from training.evaluation import calibration, evaluate
from training.features import speech_windows
from training.features.backbone import FaceClassifier
from training.features.encoded_speech import EncodedBatches, EncodedPairBatches
from training.features.faces import FaceFeatures
from training.features.moving_faces import FacePool, MovingFaces
from training.schema.audio_visual import EncodedPairs
from training.schema.configuration import read
from training.tasks import encoded_pairs, speech_corpora

CONFIG = Path(__file__).resolve().parents[2] / "training" / "configs" / "intermediate-attention-8-encoder.yaml"
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COLUMNS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "NF")
COLUMN_OF = {"angry": 4, "disgust": 5, "fear": 6, "happy": 1, "sad": 3, "surprise": 2, "neutral": 0}


def test_encoded_speech_is_joined_with_faces_of_its_label() -> None:
    speech = EncodedBatches([encoded("ravdess", ["sad", "happy"])], {"ravdess": 1}, ["clean"], ["happy", "sad"], 0)
    numbers = np.repeat(np.arange(7, dtype=np.float32)[:, None, None], 4, axis=2)
    pool = FacePool(FaceFeatures(numbers, list(FACES)), np.eye(7, dtype=np.float32))
    faces = MovingFaces(pool, pool, ["happy", "sad"], np.random.default_rng(0))
    batch = EncodedPairBatches(speech, faces, SpeechEncoder((1, 2))).draw(20)
    assert batch.mfcc.shape == (20, 180, 768)
    for target, track in zip(batch.targets, batch.features[:, :, 0], strict=True):
        label = ["happy", "sad"][int(target.argmax())]
        assert {FACES[int(number)] for number in track} <= {label, "neutral"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Faces with votes, speech of two corpora, an untrained backbone and encoder."""
    monkeypatch.chdir(tmp_path)
    for module in (evaluate, calibration):
        monkeypatch.setattr(module, "DRAWS", 2)
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr(encoded_pairs, "_MIN_VOICE", 0.0)  # there is none in noise
    random = np.random.default_rng(0)
    for part, count, first in (("train", 140, 0), ("public_test", 42, 1000)):
        labels = ((np.arange(count) + np.arange(count) // 10) % 7).astype(np.uint8)
        images = random.integers(0, 256, (count, 48, 48), dtype=np.uint8)
        np.savez(tmp_path / f"fer2013_{part}.npz", images=images, labels=labels, classes=CLASSES)
        votes = 10 * np.eye(10, dtype=np.uint8)[[COLUMN_OF[CLASSES[label]] for label in labels]]
        numbers = np.arange(count, dtype=np.int32)
        np.savez(
            tmp_path / f"ferplus_{part}.npz",
            votes=votes,
            columns=COLUMNS,
            row=numbers,
            group=first + numbers,
            original=labels,
        )

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.05 * random.standard_normal(8000), 16000)

    for actor in (2, 3, 4):
        for emotion in range(1, 9):
            write(tmp_path / "speech" / f"Actor_{actor:02d}" / f"03-01-{emotion:02d}-01-01-01-{actor:02d}.wav")
    for speaker in range(4):
        write(tmp_path / "nemo" / f"{speaker}.wav")
    rows = "".join(f"{speaker}.wav,{speaker},sad\n" for speaker in range(4))
    (tmp_path / "nemo" / "manifest.csv").write_text(f"file,speaker,label\n{rows}")
    torch.manual_seed(0)
    save_file(FaceClassifier("residual").backbone.state_dict(), tmp_path / "backbone.safetensors")
    encoder = {name: tensor.half().float() for name, tensor in SpeechEncoder((3,)).state_dict().items()}

    def load(network: SpeechEncoder, path: Path) -> None:
        network.load_state_dict({name: encoder[name] for name in network.state_dict()})

    for module in (speech_windows, speech_corpora, encoded_pairs):
        monkeypatch.setattr(module, "load_pretrained", load)
    (tmp_path / "model.bin").write_bytes(b"weights")
    for module in (speech_corpora, encoded_pairs):
        monkeypatch.setattr(module, "model_path", lambda: tmp_path / "model.bin")
    config = yaml.safe_load(CONFIG.read_text())
    config |= {"train_actors": [2], "calibration_actors": [3, 4], "test_actors": [3, 4], "augmentations": 2}
    config |= {"steps": 2, "batch_size": 4, "refit": True}
    config["face"]["size"] = 16  # the least that the backbone takes
    config["face_classifier"] |= {"steps": 2, "batch_size": 4}
    config["branch"] |= {"steps": 2, "batch_size": 4, "variants": 1, "shares": {"ravdess": 0.7, "nemo": 0.3}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def normalise_by_recording(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    config["branch"]["recording_norm"] = {"prior_windows": 4, "longest": 3}
    path.write_text(yaml.safe_dump(config))


@pytest.mark.slow
@pytest.mark.parametrize("normalised", [False, pytest.param(True, marks=pytest.mark.extended)])
def test_a_model_goes_from_files_to_the_store_and_is_scored(data: Path, normalised: bool) -> None:
    if normalised:
        normalise_by_recording(data / "config.yaml")
    arguments = ["fit", str(data / "config.yaml"), "--faces", str(data), "--votes", str(data)]
    arguments += ["--speech", str(data / "speech"), "--corpora", str(data / "nemo")]
    assert main([*arguments, "--backbone", str(data / "backbone.safetensors"), "--out", str(data / "store")]) == 0
    model = store.get("intermediate-attention-8@3")
    spec = json.loads((model.directory / "spec.json").read_text())
    assert spec["architecture"]["audio_branch"] == "encoder" and spec["encoder"]["frames"] == 180
    assert "speech" not in spec or spec["speech"] is None
    norm = spec["recording_norm"]
    assert len(norm["mean"]) == len(norm["deviation"]) == 768 if normalised else norm is None
    assert model.metrics["scores"]["speech"]["n"] == model.metrics["scores"]["composed"]["n"] == 16
    assert model.metrics["scores"]["faces"]["votes"]["n"] == 42
    assert model.metrics["scores"]["composed"]["faces"] == "FER+ majority"
    assert model.metrics["fitted_actors"] == [2, 3, 4]
    assert evaluate.fitted_speakers(model) == {
        *(f"ravdess/{actor:02d}" for actor in (2, 3, 4)),
        *(f"nemo/{n}" for n in range(4)),
    }
    assert {name.partition("/")[0] for name in model.metrics["curves"]} == {"joint", "speech", "faces", "refit"}
    candidate = json.loads(next(data.rglob("candidate/*/*/spec.json")).read_text())["support"]["voice"]
    published = spec["support"]["voice"]
    assert published["mean"] != candidate["mean"], "the voices as the network hears them that was fitted once more"
    calibration = model.metrics["calibration"]
    assert spec["temperature"] == calibration["temperature"]
    alone = {given: fitted["temperature"] for given, fitted in calibration["alone"].items()}
    assert spec["temperature_alone"] == alone and {*alone} == {"voice", "face"}
    assert spec["support"]["small_face"]["temperature"] == calibration["small_face"]["temperature"] >= 1
    assert "nEMO CC BY-NC-SA" in spec["licence"] and "KEMO" not in spec["licence"]
    assert "OpenAI" in model.card and "nemo" in model.card
    weights = load_file(model.directory / "weights.safetensors")
    halves = {name for name, tensor in weights.items() if tensor.dtype == torch.float16}
    assert halves == {name for name in weights if name.startswith("audio.encoder.")}
    assert spec["architecture"]["unimodal_classifiers"] and spec["architecture"]["attention_window"] == 75
    # The voice's classifier is the audio branch as it was before the joint fit.
    assert "voice_classifier.stage1.0.weight" in weights
    assert not torch.equal(weights["voice_classifier.stage1.0.weight"], weights["audio.stage1.0.weight"])


def test_the_configuration_is_read() -> None:
    assert isinstance(read(CONFIG), EncodedPairs)
