"""A fitted system of the zoo in the store: what it says of a recording, and what cannot be published."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from msgspec import convert
from msgspec.structs import replace

from inference import store
from inference.media.probe import probe_video
from inference.models import zoo
from inference.models.zoo.system import System, example
from inference.pipeline import analyse
from inference.predictors.system import SystemPredictor
from inference.types import Inputs, Stage
from tests.inference.clips import made, silent
from tests.training.corpora import corpus
from training.__main__ import main
from training.data import layouts
from training.data.corpus import Corpus
from training.errors import DatasetError
from training.publishing.systems import check_new, publish_system
from training.schema.configuration import FOLDER
from training.schema.zoo import Size, ZooSystem

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"
CORPUS = Corpus("invented clips", (), ("neutral", "happy", "sad"))
METRICS = {"data": "random numbers", "split": "none", "selection": "last step", "scores": {"window": {"accuracy": 0.4}}}


def configuration(name: str) -> tuple[ZooSystem, Size]:
    data = yaml.safe_load((FOLDER / "zoo" / f"{name}.yaml").read_text())
    config = convert(data, ZooSystem)
    return config, config.sizes["small"]


def fitted(name: str, **more: Any) -> System:
    """Fitted for some steps on random data."""
    torch.manual_seed(0)
    network = zoo.build(name, classes=len(CORPUS.labels), **configuration(name)[1].options, **more)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        network.loss(example(network, 3), torch.arange(3)).backward()
        optimiser.step()
    return network


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def network(root: Path) -> System:
    """Published as tiny@1."""
    network = fitted("vaanet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOTRACE_MODELS", str(root))
        publish_system(network, *configuration("vaanet"), CORPUS, METRICS, "tiny", temperature=2.0)
    return network


@pytest.fixture(autouse=True)
def models(root: Path, network: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(root))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of the sample, with a face and a voice."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return made(path, "-i", str(SAMPLE), "-t", "4.4", "-c", "copy")


def test_it_is_a_model_of_face_and_voice(network: System, caplog: pytest.LogCaptureFixture) -> None:
    model = store.resolve("tiny", with_eeg=False)
    assert (model.kind, model.labels, model.demonstration) == ("audio-video", CORPUS.labels, None)
    caplog.set_level("INFO")
    loaded = store.load_model(model)
    assert "from scratch" not in caplog.text, "its weights are those of the store"
    inputs = example(network)
    with torch.inference_mode():
        assert torch.equal(loaded(inputs), network.eval()(inputs))
    assert json.loads((model.directory / "spec.json").read_text())["kind"] == "system"
    assert "| window | 40.0% |" in model.card and "random numbers" in model.card


@pytest.mark.slow
def test_it_reads_a_recording(clip: Path) -> None:
    stages: list[Stage] = []
    timeline = analyse(Inputs(clip), model="tiny", on_progress=lambda stage, share: stages.append(stage))
    assert list(dict.fromkeys(stages)) == [Stage.PROBE, Stage.SAMPLE, Stage.SCORE, Stage.TIMELINE]
    starts = [window.start_s for window in timeline.windows]
    assert starts == pytest.approx([0.0, 0.72, timeline.media.duration_s - 3.6])
    first = timeline.windows[0]
    assert first.face > 0.5 and first.voice > 0.3
    assert first.unimodal is not None and set(first.unimodal) == {"face", "voice"}
    assert sum(first.probabilities) == pytest.approx(1)
    scaled = torch.tensor(first.logits) / 2
    assert first.probabilities == pytest.approx(scaled.softmax(0).tolist())
    assert timeline.faces is not None and timeline.faces.boxes
    assert timeline.segments[0].start_s == 0 and timeline.segments[-1].end_s == timeline.media.duration_s


@pytest.mark.slow
def test_the_modality_that_is_left_out_is_zeros(clip: Path) -> None:
    predictor, media = SystemPredictor.load(store.get("tiny")), probe_video(clip)
    given: list[dict[str, torch.Tensor]] = []
    predictor.network.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0]))
    face = predictor.track_faces(Inputs(clip), media, lambda share: None)
    assert len(list(predictor.predict(Inputs(clip), media, face, [0.0]))) == 1
    both, face_alone, voice_alone = given
    assert both["audio"].any() and both["frames"].any()
    assert torch.equal(face_alone["frames"], both["frames"]) and not face_alone["audio"].any()
    assert torch.equal(voice_alone["audio"], both["audio"]) and not voice_alone["frames"].any()


@pytest.mark.slow
def test_without_a_face_or_a_voice_nothing_is_determined(tmp_path: Path) -> None:
    timeline = analyse(Inputs(silent(tmp_path / "silent.mp4", 2)), model="tiny")
    (segment,) = timeline.segments
    assert segment.label == "undetermined"
    (window,) = timeline.windows
    assert (window.face, window.voice, window.unimodal) == (0.0, 0.0, {})


@pytest.mark.extended
def test_a_fit_publishes_its_first_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layouts, "read", lambda *_: corpus())
    given = ["fit", str(FOLDER / "zoo" / "vaanet.yaml"), "--out", "out", "--publish", "clips@3"]
    given += ["--layout", "labelled-clips", "--data", "clips", "--size", "small"]
    given += ["--protocol", "subject-k-fold", "--setting", "k=3"]
    assert main(given) == 0
    predictor = SystemPredictor.load(store.get("clips@3"))
    metrics = store.get("clips@3").metrics
    assert predictor.spec.labels == ("calm", "angry") and "fold 1" in metrics["split"]
    assert metrics["scores"]["mean"]["n"] == 4
    assert json.loads(Path("out/metrics.json").read_text())["scores"]["mean"]["n"] == 12
    with np.load("out/predictions.npz") as arrays:
        logits, trial = arrays["logits"][0], corpus().trials[arrays["trial_of"][0]].read()
    inputs = {key: torch.from_numpy(each.compute(trial, 0.0, 3.6))[None] for key, each in predictor.front_ends.items()}
    np.testing.assert_allclose(predictor.network(inputs)[0].detach(), logits, atol=0.01)
    assert main(given) == 2, "it is in the store"


def test_composed_data_make_a_demonstration() -> None:
    corpus = Corpus("invented clips", (), CORPUS.labels, made_of="faces and speech")
    model = publish_system(fitted("vaanet"), *configuration("vaanet"), corpus, METRICS, "composed@2")
    assert model.demonstration == "recordings made of faces and speech"
    assert store.get("composed").demonstration == model.demonstration


def test_what_the_application_cannot_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    config, size = configuration("vaanet")
    network = fitted("vaanet")

    def refused(match: str, network: System = network, config: ZooSystem = config, corpus: Corpus = CORPUS) -> None:
        with pytest.raises(DatasetError, match=match):
            publish_system(network, config, size, corpus, METRICS, "tiny")
        assert not list(tmp_path.iterdir())

    refused("standardises audio", config=replace(config, standardise=["audio"]))
    refused("tells tension;", corpus=Corpus("", (), ("neutral", "happy", "tension")))
    eegnet = zoo.build("eegnet", classes=3)
    refused("eegnet reads eeg; only a system that reads faces or frames, audio", eegnet, configuration("eegnet")[0])


def test_it_is_refused_before_it_is_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layouts, "read", lambda *_: corpus())
    monkeypatch.setattr("training.tasks.zoo.fit_system", lambda *_: pytest.fail("it was fitted"))
    given = ["fit", str(FOLDER / "zoo" / "vaanet.yaml"), "--out", "out", "--size", "small", "--layout", "eav"]
    given += ["--data", "eav", "--protocol", "subject-k-fold", "--publish", "tiny"]
    assert main(given) == 2


@pytest.mark.parametrize("reference", ["", "Tiny", "tiny@", "tiny@1a", "../tiny", "tiny@1/2"])
def test_a_name_is_plain(reference: str) -> None:
    with pytest.raises(DatasetError, match="a model is called NAME or NAME@VERSION"):
        check_new(reference)


def test_a_model_of_the_store_is_not_overwritten() -> None:
    with pytest.raises(DatasetError, match=r"^tiny@1 is in the store already"):
        check_new("tiny")
    assert check_new("tiny@1.2") == ("tiny", "1.2")


def test_an_unknown_front_end_is_a_fault_of_the_store(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.front_ends.names", lambda: ["eeg"])
    with pytest.raises(store.StoreError, match="tiny@1 cannot be opened: frames: no such front end"):
        SystemPredictor.load(store.get("tiny"))
