"""Networks fitted on files in the data sets' own layouts, from folder to store."""

import json
import shutil
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import av
import numpy as np
import pytest
import torch
import yaml
from msgspec.structs import replace

from inference import store
from inference.face_tracking import FaceSample
from inference.model_spec import FaceInput
from inference.models import build_model
from inference.models.audio_visual import AudioVisualNetwork
from inference.types import Correction
from tests.training.test_corrected_recordings import write_result
from tests.training.test_training_data import write_clip, write_faces
from training.__main__ import main
from training.engine import checkpoint
from training.errors import DatasetError
from training.features import recordings
from training.features.augmentation import transform_clips
from training.features.modality_dropout import modality_dropout
from training.features.speech import SPEECH_SPEC
from training.publishing import spec as specs
from training.publishing import weights
from training.schema import configuration
from training.schema.audio_visual import AudioVisualRecordings
from training.simulate import corpus
from training.tasks import fusion as fit_fusion
from training.tasks.recordings import load_network

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"
FPS, SECONDS, RATE = 10, 5, 22050


class BrightnessReader:
    """Takes the place of FaceTracker: the face is as bright as the middle of the frame."""

    def __init__(self, spec: FaceInput) -> None:
        self.side = spec.native_size

    def __call__(self, frame: np.ndarray) -> FaceSample:
        value = frame[len(frame) // 2, frame.shape[1] // 2, 0]
        return FaceSample(np.full((self.side, self.side, 3), value, np.uint8), (0, 0, 1, 1))


def write_take(path: Path) -> None:
    """SECONDS of grey that brightens by 5 a frame, with a tone of two seconds from second 2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(SECONDS * RATE) / RATE
    tone = np.where((time >= 2) & (time < 4), np.sin(2 * np.pi * 440 * time), 0).astype(np.float32) * 0.3
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        track = container.add_stream("aac", rate=RATE, layout="mono")
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 5 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
        piece = av.AudioFrame.from_ndarray(tone[None], format="flt", layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(track.encode(piece))
        container.mux(picture.encode(None))
        container.mux(track.encode(None))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place with a split of five people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr("training.data.splits.FOLDER", tmp_path)
    fold = {"train": [1], "validation": [2, 3], "test": [4, 5]}
    split = {"about": "five", "unit": "subject", "first": 1, "last": 5, "folds": [fold]}
    (tmp_path / "five.json").write_text(json.dumps(split))
    return tmp_path


@pytest.fixture
def ravdess(place: Path) -> Path:
    root = place / "ravdess"
    write_take(place / "take.mp4")
    for actor in range(1, 6):
        folder = root / f"Video_Speech_Actor_{actor:02d}" / f"Actor_{actor:02d}"
        folder.mkdir(parents=True)
        for emotion in (1, 5):
            shutil.copy(place / "take.mp4", folder / f"01-01-{emotion:02d}-01-01-01-{actor:02d}.mp4")
    return root


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("person")
    write_faces(folder / "faces.npz")
    for code in range(1, 6):
        write_clip(folder / "speech", code, 2)
    options = ["--faces", str(folder / "faces.npz"), "--speech", str(folder / "speech"), "--trials-per-class", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "FPS", 5)
        assert main(["simulate", "--subjects", "1", "--out", str(folder / "out"), *options]) == 0
    return folder / "out"


@pytest.fixture
def eav(place: Path, person: Path) -> Path:
    """Five people who are all the same one."""
    root = place / "eav"
    for number in range(1, 6):
        shutil.copytree(person / "subject1", root / f"subject{number}")
        for path in [*(root / f"subject{number}" / "EEG").iterdir()]:
            path.rename(path.with_name(path.name.replace("subject1", f"subject{number}")))
    shutil.copy(person / "README.txt", root)
    return root


def fit(place: Path, name: str, root: Path, **changes: Any) -> int:
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    config |= {"split": "five", "epochs": 2, "batch_size": 2}
    if "face" in config:
        config["face"] |= {"size": 32, "native_size": 32}
    (place / "config.yaml").write_text(yaml.safe_dump(config | changes))
    return main(["fit", str(place / "config.yaml"), "--recordings", str(root), "--out", str(place / "store")])


@pytest.mark.parametrize("dropout", ["softhard", "none"])
def test_ravdess_goes_from_takes_to_the_store(place: Path, ravdess: Path, dropout: str) -> None:
    assert fit(place, "ravdess-8-intermediate-attention", ravdess, modality_dropout=dropout, epochs=1) == 0
    spec = store.get("ravdess-8-intermediate-attention@1")
    store.load_model(spec)
    assert spec.metrics["scores"].keys() == {"AV", "A", "V"}
    assert spec.metrics["scores"]["AV"]["subjects"].keys() == {"4", "5"}
    assert spec.metrics["fitted_actors"] == [1, 2, 3]
    assert spec.metrics["clips"]["test"] == {"clips": 4, "without_face": 4}


@pytest.fixture
def by_hand(place: Path) -> Path:
    """A take of each of five people, which somebody called neutral for a second and happy then."""
    segments = (Correction(0.0, 1.0, "neutral"), Correction(1.0, 5.0, "happy"))
    take = place / "take.mp4"
    write_take(take)
    for number in range(1, 6):
        video = place / f"{number}.mp4"
        video.write_bytes(take.read_bytes() + struct.pack(">I4s", 8 + number, b"free") + bytes(number))
        write_result(place / "by-hand" / f"person{number}" / "one.json", video, 5.0, segments)
    return place / "by-hand"


def test_corrected_recordings_are_fitted_on_and_scored(
    place: Path, by_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "ravdess-8-intermediate-attention"
    assert fit(place, name, by_hand, source="corrected", epochs=1, batch_size=1) == 0
    spec = store.get(name)
    assert spec.metrics["data"] == "recordings corrected by a person"
    assert spec.metrics["clips"]["test"]["clips"] == 2  # the first second is no window
    assert spec.metrics["scores"]["AV"]["subjects"].keys() == {"4", "5"}
    assert main(["evaluate", name, "--recordings", str(by_hand), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["recordings"]
    assert found["n"] == 5
    assert sum(found["confusion"][spec.labels.index("happy")]) == 5
    (by_hand / "person4" / "one.mp4").unlink()
    assert fit(place, name, by_hand, source="corrected") == 2
    assert "one.json: needs one video" in capsys.readouterr().err


def test_segments_of_one_video_are_read_in_one_pass_and_kept_apart(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "FaceTracker", BrightnessReader)
    take = place / "take.mp4"
    write_take(take)
    face = FaceInput(samples=15, size=8, native_size=8, frame_side=64, grey=False, crop_scale=1.0)
    reading = recordings.Preprocessing(face, SPEECH_SPEC, 1.0)
    clips = [recordings.Clip(take, take, "happy", 1, starts) for starts in ((0.0, 1.0), (2.5,), (3.0, 4.0))]
    computed = Mock(wraps=recordings._compute)
    monkeypatch.setattr(recordings, "_compute", computed)
    together = recordings.prepare(clips, reading)
    assert computed.call_count == 1
    shown = [np.load(one.faces)[:, 7, 0, 0, 0].astype(int) for one in together]
    shutil.rmtree(recordings.CACHE)
    for clip, seen, one in zip(clips, shown, together, strict=True):
        (alone,) = recordings.prepare([clip], reading)
        np.testing.assert_allclose(alone.mfcc, one.mfcc, atol=1e-3)
        assert seen == pytest.approx([5 * round(10 * (start + 0.45)) for start in clip.starts or ()], abs=8)


def test_a_window_is_the_middle_of_the_take_in_picture_and_sound(
    place: Path, ravdess: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "FaceTracker", BrightnessReader)
    assert fit(place, "ravdess-8-intermediate-attention", ravdess, epochs=1) == 0
    faces = np.load(next(iter(recordings.CACHE.glob("*.npy"))))
    # seconds 0.7 to 4.3: the first face is that of 0.82 s, the last that of 4.18 s
    shown = faces[0, :, 0, 0, 0]
    assert shown[[0, -1]] == pytest.approx([5 * 8, 5 * 41], abs=8)
    with np.load(next(iter(recordings.CACHE.glob("*.npz")))) as rest:
        loud = np.flatnonzero(rest["mfcc"][0, 0] > rest["mfcc"][0, 0].mean()) * 512 / RATE
    assert (loud.min(), loud.max()) == pytest.approx((1.3, 3.3), abs=0.15)


def test_a_fit_that_was_stopped_goes_on_to_the_same_weights(
    place: Path, ravdess: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fit(place, "ravdess-8-intermediate-attention", ravdess) == 0
    whole = (place / "store" / "ravdess-8-intermediate-attention" / "1" / "weights.safetensors").read_bytes()
    (log,) = place.glob("runs/*/log.jsonl")
    assert [json.loads(line)["epoch"] for line in log.read_text().splitlines()] == [1, 2]
    shutil.rmtree(log.parent)

    save = checkpoint.save

    def killed(path: Path, parts: Any) -> None:
        save(path, parts)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(place, "ravdess-8-intermediate-attention", ravdess)
    monkeypatch.setattr(checkpoint, "save", save)
    assert fit(place, "ravdess-8-intermediate-attention", ravdess) == 0
    assert (place / "store" / "ravdess-8-intermediate-attention" / "1" / "weights.safetensors").read_bytes() == whole


@pytest.mark.extended
def test_eav_gives_six_windows_a_trial(place: Path, eav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "FaceTracker", BrightnessReader)
    assert fit(place, "eav-5-intermediate-attention", eav, epochs=1, batch_size=8) == 0
    spec = store.get("eav-5-intermediate-attention@1")
    assert spec.demonstration == "recordings composed"
    assert spec.metrics["scores"]["AV"]["n"] == 10
    assert spec.metrics["clips"]["train"] == {"clips": 5, "without_face": 0}
    assert {np.load(path, mmap_mode="r").shape for path in recordings.CACHE.glob("*.npy")} == {(6, 15, 32, 32, 3)}


def test_eegnet_is_fitted_on_eav_files(place: Path, eav: Path) -> None:
    assert fit(place, "eav-eegnet-5", eav) == 0
    spec = store.get("eav-eegnet-5@1")
    store.load_model(spec)
    assert spec.metrics["scores"]["test"]["trials"] == 10
    assert spec.demonstration == "EEG simulated"


def test_everybody_of_eav_gets_a_network(
    place: Path, eav: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(place, "eav-eegnet-5-within", eav) == 2
    assert "parts people" in capsys.readouterr().err
    fold = {"train": [1], "validation": [], "test": [2]}
    split = {"about": "two", "unit": "trial", "first": 1, "last": 2, "folds": [fold]}
    (place / "two.json").write_text(json.dumps(split))
    assert fit(place, "eav-eegnet-5-within", eav, split="two") == 2
    assert "too few trials" in capsys.readouterr().err
    monkeypatch.setattr("training.data.eav.ranks", lambda trials: [1 + number % 2 for number in range(len(trials))])
    assert fit(place, "eav-eegnet-5-within", eav, split="two") == 0
    found = json.loads((place / "store" / "metrics.json").read_text())
    assert found["subjects"].keys() == {"1", "2", "3", "4", "5"}
    assert found["n"] == 10
    assert "simulated" in found["about"]


@pytest.mark.extended
def test_networks_of_one_fold_are_joined_on_eav_files(
    place: Path, eav: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recordings, "FaceTracker", BrightnessReader)
    assert fit(place, "eav-fusion-cnn-5", eav) == 2
    assert "eav-5-intermediate-attention" in capsys.readouterr().err
    assert fit(place, "eav-5-intermediate-attention", eav, epochs=1, batch_size=8) == 0
    assert fit(place, "eav-eegnet-5", eav, epochs=1) == 0
    fitted, rules = [], fit_fusion.rules

    def noted(network: Any, matrices: np.ndarray, *others: Any) -> Any:
        fitted.append(len(matrices))
        return rules(network, matrices, *others)

    monkeypatch.setattr(fit_fusion, "rules", noted)
    assert fit(place, "eav-fusion-cnn-5", eav) == 0
    assert fitted == [5, 5], "each of two people is read by what was fitted on the other"
    spec = store.get("eav-fusion-cnn-5@1")
    store.load_model(spec)
    assert spec.demonstration == "EEG simulated"
    assert spec.metrics["trials"] == 10
    scores = spec.metrics["scores"]
    assert scores.keys() == {"cnn", "average", "waver", "xgboost", "audio-video alone", "eeg alone"}
    assert all(score["subjects"].keys() == {"4", "5"} for score in scores.values())

    shutil.copy(place / "five.json", place / "other.json")
    assert fit(place, "eav-fusion-cnn-5", eav, split="other") == 2
    assert "five, fold 0" in capsys.readouterr().err


def test_what_is_missing_is_named(place: Path, ravdess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(place, "ravdess-8-intermediate-attention", ravdess, fold=1) == 2
    assert "fold 1" in capsys.readouterr().err
    shutil.rmtree(ravdess / "Video_Speech_Actor_03")
    assert fit(place, "ravdess-8-intermediate-attention", ravdess) == 2
    assert "[3]" in capsys.readouterr().err


def test_dropout_takes_each_half_away_in_turn() -> None:
    mfcc, faces = torch.rand(2, 10, 156) + 1, torch.rand(2, 15, 3, 4, 4) + 1
    sound, picture = modality_dropout("softhard", mfcc, faces, torch.Generator().manual_seed(0))
    share = (sound[2:4] / mfcc)[:, :1, :1]
    torch.testing.assert_close(picture[2:4], (1 - share)[..., None, None] * faces)
    assert sound[4:6].eq(0).all() and picture[4:6].equal(faces)
    assert sound[6:].equal(mfcc) and picture[6:].eq(0).all()
    sound, picture = modality_dropout("noise", mfcc, faces, torch.Generator().manual_seed(0))
    assert len(sound) == len(picture) == 6
    assert abs(sound[2:4].mean()) < 0.2 and picture[2:4].equal(faces)
    assert sound[4:].equal(mfcc) and abs(picture[4:].mean()) < 0.2


def test_a_clip_is_moved_as_a_whole() -> None:
    faces = torch.rand(1, 1, 3, 8, 8).expand(4, 15, 3, 8, 8).contiguous()
    torch.testing.assert_close(transform_clips(faces, 1, 0, torch.Generator()), faces.flip(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(transform_clips(faces, 0, 0, torch.Generator()), faces, atol=1e-5, rtol=0)
    turned = transform_clips(faces, 0.5, 10, torch.Generator().manual_seed(0))
    assert all(turned[:, :1].expand_as(turned).isclose(turned, atol=1e-5).flatten())
    assert not turned[0].isclose(turned[1]).all()


def test_a_network_starts_from_another_ones_weights_by_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    config = configuration.read(CONFIGS / "ravdess-8-intermediate-attention.yaml")
    assert isinstance(config, AudioVisualRecordings)
    spec = specs.recordings(config, tmp_path, SPEECH_SPEC)
    source, network = (build_model(spec.architecture, classes) for classes in (8, 2))
    weights.write(tmp_path / spec.name / "1", source, spec, {}, "")
    assert isinstance(network, AudioVisualNetwork) and isinstance(source, AudioVisualNetwork)
    new = network.classifier.weight[1].clone()
    load_network(network, ["happy", "bored"], store.get(spec.name))
    happy = spec.labels.index("happy")
    assert torch.equal(network.classifier.weight[0], source.classifier.weight[happy])
    assert torch.equal(network.classifier.weight[1], new)
    ours, theirs = network.audio.stage1.state_dict(), source.audio.stage1.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    with pytest.raises(DatasetError, match="none of the labels"):
        load_network(network, ["bored"], store.get(spec.name))
    other = build_model(replace(spec.architecture, fusion="late-transformer"), 2)
    assert isinstance(other, AudioVisualNetwork)
    with pytest.raises(DatasetError, match="another architecture"):
        load_network(other, ["happy", "bored"], store.get(spec.name))
