"""The audio branch on encoded speech: drawn by corpus, fitted by folds and with corpora left out, by command."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import torch
import yaml
from scipy.special import softmax

from inference.models.audio_branches import EncoderBranch
from inference.models.speech_encoder import SpeechEncoder
from training.__main__ import main
from training.data.ravdess import LABELS
from training.data.speech_corpora import SpeechClip
from training.engine import devices
from training.errors import DatasetError
from training.features import speech_windows
from training.features.encoded_speech import EncodedBatches, EncodedSpeech
from training.publishing import report
from training.schema.sections import EncoderBranchConfig
from training.tasks import speech_corpora
from training.tasks.speech_corpora import (
    CorpusClassifier,
    build_branch,
    calibration_errors,
    fit_branch,
    score_left_out,
)

CONFIG = Path(__file__).resolve().parents[2] / "training" / "configs" / "speech-encoder-folds.yaml"
NORMALISED = CONFIG.with_name("speech-encoder-recording-norm-folds.yaml")


def encoded(corpus: str, labels: list[str]) -> EncodedSpeech:
    """Clips whose windows hold the number of their row."""
    clips = [SpeechClip(Path(f"{row}.wav"), label, f"{corpus}/{row % 2}", corpus) for row, label in enumerate(labels)]
    windows = np.ones((len(clips), 180, 384), np.float16) * np.arange(len(clips))[:, None, None]
    return EncodedSpeech(corpus, clips, {"clean": windows, 0: windows + 100}, np.arange(len(clips)))


@pytest.mark.slow
def test_corpora_are_drawn_by_their_shares() -> None:
    corpora = [encoded("ravdess", ["sad", "angry", "calm"]), encoded("nemo", ["angry"])]
    batches = EncodedBatches(corpora, {"ravdess": 3, "nemo": 1}, ["clean", 0], ["sad", "angry"], seed=0)
    batch = batches.draw(400)
    assert batch.corpora.float().mean() == pytest.approx(0.25, abs=0.06)
    assert batches.present.tolist() == [[True, True], [False, True]]
    windows = batch.states[:, 0, 0]
    assert {*windows[batch.corpora == 0].tolist()} == {0, 1, 100, 101}, "no calm clip, both variants"
    assert torch.equal(batch.targets[batch.corpora == 0].argmax(1), (windows[batch.corpora == 0] % 100).long())
    assert (batch.targets[batch.corpora == 1] == torch.tensor([0.0, 1.0])).all()


def test_shares_and_corpora_have_to_agree() -> None:
    with pytest.raises(DatasetError, match="corpora nemo were given, shares name ravdess"):
        EncodedBatches([encoded("nemo", ["sad"])], {"ravdess": 1}, ["clean"], ["sad"], seed=0)


def test_a_corpus_says_nothing_of_labels_that_it_lacks() -> None:
    branch = EncoderBranch(3, (1,)).eval()
    network = CorpusClassifier(branch, torch.tensor([[True, True, True], [True, False, True]]))
    hidden = torch.randn(2, 180, 384)
    shares = network(hidden, torch.tensor([0, 1]), torch.tensor([0, 1])).softmax(1)
    assert (shares[0] > 0.01).all()
    assert shares[1, 1] == 0


def test_recall_of_a_corpus_left_out_is_a_mean_over_its_labels() -> None:
    speech = encoded("nemo", ["neutral", "neutral", "neutral", "sad"])
    predicted = np.eye(3)[[0, 1, 1, 2]]
    found = score_left_out(predicted, speech, ["neutral", "calm", "sad"])
    assert found == {"accuracy": 0.5, "recall": 0.6667, "merged": 1.0, "n": 4}


def test_a_fold_has_the_temperature_of_the_others() -> None:
    random = np.random.default_rng(0)
    targets = random.integers(4, size=4000)
    logits = 2 * np.eye(4)[targets] + random.standard_normal((4000, 4))
    honest = softmax(2 * logits, axis=1)
    folds = [np.arange(4000) % 2 == number for number in (0, 1)]
    sharpened = np.where(folds[0][:, None], honest**4 / (honest**4).sum(1, keepdims=True), honest)
    fine = calibration_errors({"clean": honest**3 / (honest**3).sum(1, keepdims=True)}, targets, folds)
    assert fine["clean"] < 0.03
    assert calibration_errors({"clean": sharpened}, targets, folds)["clean"] > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("encoder_lr", [0.0, 0.1])
def test_the_encoder_learns_behind_its_first_layer_or_nowhere(
    encoder_lr: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_corpora, "load_pretrained", lambda *_: None)
    monkeypatch.setattr(speech_corpora, "model_path", Path)
    section = yaml.safe_load(CONFIG.read_text())["branch"] | {
        "layers": [1, 2],
        "encoder_lr": encoder_lr,
        "variants": 1,
        "shares": {"ravdess": 1.0},
        "batch_size": 4,
        "steps": 2,
    }
    settings = msgspec.convert(section, EncoderBranchConfig)
    branch = build_branch(2, settings, seed=0)
    before = {name: tensor.clone() for name, tensor in branch.encoder.state_dict().items()}
    with devices.launch() as fabric:
        after = fit_branch(fabric, branch, [encoded("ravdess", ["sad", "angry"])], ["sad", "angry"], settings, 0, None)
    changed = {name for name, tensor in after.encoder.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if name.startswith("blocks.1.") and encoder_lr}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folds of RAVDESS actors, a corpus beside them, an untrained encoder; the configuration of a short fit."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.05 * random.standard_normal(8000), 16000)

    for actor in (2, 3):
        for emotion in range(1, 9):
            name = f"03-01-{emotion:02d}-01-01-01-{actor:02d}.wav"
            write(tmp_path / "speech" / f"Actor_{actor:02d}" / name)
    for name in ("a", "b"):
        write(tmp_path / "nemo" / f"{name}.wav")
    (tmp_path / "nemo" / "manifest.csv").write_text("file,speaker,label\na.wav,1,sad\nb.wav,1,angry\n")
    folds = [{"train": [5 - actor], "validation": [], "test": [actor]} for actor in (2, 3)]
    split = {"about": "Two actors.", "unit": "subject", "first": 2, "last": 3, "folds": folds}
    (tmp_path / "two.json").write_text(json.dumps(split))
    monkeypatch.setattr("training.data.splits.FOLDER", tmp_path)

    encoder = SpeechEncoder((4,)).state_dict()

    def load(network: SpeechEncoder, path: Path) -> None:
        network.load_state_dict({name: encoder[name] for name in network.state_dict()})

    for module in (speech_windows, speech_corpora):
        monkeypatch.setattr(module, "load_pretrained", load)
    (tmp_path / "model.bin").write_bytes(b"weights")
    monkeypatch.setattr(speech_corpora, "model_path", lambda: tmp_path / "model.bin")

    settings = yaml.safe_load(NORMALISED.read_text()) | {"split": "two", "left_out": ["nemo"]}
    settings["branch"] |= {"steps": 2, "batch_size": 4, "variants": 1, "shares": {"ravdess": 0.7, "nemo": 0.3}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path / "config.yaml"


@pytest.mark.extended
def test_a_command_fits_each_fold_and_each_corpus_left_out(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = config.parent
    arguments = ["fit", str(config), "--speech", str(root / "speech"), "--corpora", str(root / "nemo")]
    assert main([*arguments, "--out", str(root / "out")]) == 0
    metrics = json.loads((root / "out" / "metrics.json").read_text())
    assert metrics["n"] == 16 and metrics["labels"] == list(LABELS)
    assert metrics["degraded"].keys() == {"telephone", "reverb", "babble", "trimmed"}
    assert len(metrics["folds"]) == 2
    assert metrics["left_out"]["nemo"]["n"] == 2
    assert {*metrics["left_out"]["nemo"]["recordings"]} == {"clean by speaker", "clean by speaker and label"}
    assert len(metrics["recordings"]) == 10
    monkeypatch.setattr(report, "DOCS", root / "docs")
    assert main(["report", "--folds", str(root / "out")]) == 0
    text = (root / "docs" / "results.md").read_text()
    assert f"Mean recall on a corpus that was left out: nemo {metrics['left_out']['nemo']['recall']:.1%}." in text
    assert f"The same clips degraded: telephone {metrics['degraded']['telephone']:.1%}, " in text
    by_speaker = metrics["recordings"]["clean by speaker"]
    assert f"With all clips of a speaker as one recording: clean {by_speaker:.1%}, telephone" in text
    config.write_text(config.read_text().replace("lr: 0.002", "lr: 0.001"))
    assert main([*arguments, "--out", str(root / "out")]) == 2, "the fits there are of another configuration"


@pytest.mark.slow
def test_a_corpus_that_was_not_given_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = config.parent
    assert main(["fit", str(config), "--speech", str(root / "speech"), "--out", str(root / "out")]) == 2
    assert capsys.readouterr().err == "error: the configuration names corpora that were not given: nemo\n"
