"""A system of the zoo is fitted on a corpus by folds, scored by window and by trial, and compared with others."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from inference.front_ends.signals import Signals
from inference.models import zoo
from inference.models.zoo.system import Inputs, Stage, System
from tests.training.corpora import corpus
from training.__main__ import main
from training.data import layouts
from training.engine import devices
from training.engine.systems import LabelledWindows, Standardisation, fit_system, predict
from training.schema import configuration
from training.schema.zoo import Size
from training.tasks import zoo as task

pytestmark = pytest.mark.slow

CONFIG: dict[str, Any] = {
    "task": "zoo",
    "system": "eegnet",
    "title": "EEGNet",
    "window_s": 2.0,
    "hop_s": 1.0,
    "published": [{"score": "60.0 %", "protocol": "EAV, within subject", "source": "Lee et al. 2024"}],
    "sizes": {
        "small": {
            "options": {"channels": 4, "samples": 200, "kernel": 16, "dropout": 0.1},
            "inputs": {"eeg": {"kind": "eeg", "settings": {"band_hz": [1, 40]}}},
            "epochs": 8,
            "batch_size": 8,
            "lr": 1.0e-2,
        }
    },
}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own, and a corpus in memory in place of any layout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layouts, "read", lambda *_: corpus())
    yield


def fit(out: Path, **changes: str) -> int:
    path = out.parent / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    options = {
        "layout": "eav",
        "data": "eav",
        "size": "small",
        "protocol": "subject-k-fold",
        "setting": "k=3",
    } | changes
    given = [text for name, value in options.items() for text in (f"--{name}", value)]
    return main(["fit", str(path), "--out", str(out), *given])


def test_it_learns_what_can_be_told_apart_and_says_how(tmp_path: Path) -> None:
    assert fit(tmp_path / "out") == 0
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["scores"]["mean"]["accuracy"] > 0.8
    assert (metrics["trials"], metrics["windows"], metrics["subjects"], metrics["folds"]) == (12, 36, 3, 3)
    assert metrics["split"]["protocol"] == "subject-k-fold" and metrics["split"]["settings"] == {"k": 3}
    assert metrics["split"]["leak"] is None
    assert metrics["target"] == {"kind": "labels", "names": ["calm", "angry"]}
    assert metrics["parameters"] > 1000 and metrics["window_ms"]["cpu"] > 0 and metrics["peak_memory_mb"] > 50
    assert metrics["published"] == CONFIG["published"]
    with np.load(tmp_path / "out/predictions.npz") as arrays:
        assert arrays["logits"].shape == (36, 2)
        np.testing.assert_allclose(arrays["probabilities"].sum(axis=1), 1, rtol=1e-5)
        assert sorted(arrays["trial_of"].tolist()) == sorted(3 * list(range(12)))


def test_trials_that_lack_a_signal_are_left_out_on_request_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus()
    silent = replace(whole.trials[0], read=lambda: Signals(4.0))
    monkeypatch.setattr(layouts, "read", lambda *_: replace(whole, trials=(silent, *whole.trials[1:])))
    assert fit(tmp_path / "refused") == 2
    assert fit(tmp_path / "out", having="eeg") == 0
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["left_out"] == {"trials": 1, "having": ["eeg"]} and metrics["trials"] == 11


def test_a_run_that_was_stopped_resumes_to_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fit(tmp_path / "whole") == 0
    (tmp_path / "again").mkdir()
    monkeypatch.chdir(tmp_path / "again")
    fit_fold, calls = task._fit_fold, []

    def stopped(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit_fold(*arguments)

    monkeypatch.setattr(task, "_fit_fold", stopped)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "parts")
    assert fit(tmp_path / "parts") == 0
    with np.load(tmp_path / "whole/predictions.npz") as whole, np.load(tmp_path / "parts/predictions.npz") as parts:
        np.testing.assert_array_equal(whole["logits"], parts["logits"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": "paper"}, "eegnet: has no size paper, but small"),
        ({"protocol": "by-moon"}, "by-moon: no such protocol"),
        ({"setting": "k=9"}, "9 folds of 3 subjects"),
        ({"setting": "k"}, "--setting: needs NAME=VALUE"),
        ({"target": "joy-2"}, "joy-2: no such target"),
        ({"target": "dimensions"}, "eegnet: learns labels, but the target is valence, arousal"),
        ({"option": "heads=4"}, "eegnet: Object contains unknown field `heads`"),
        ({"option": "samples=100"}, r"eeg: the front end gives (4, 200), the system reads (4, 100)"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], said: str
) -> None:
    assert fit(tmp_path / "out", **changes) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert not (tmp_path / "out").exists()


def test_options_of_the_zoo_are_refused_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configuration.FOLDER / "eegnet-5.yaml"
    assert main(["fit", str(path), "--out", str(tmp_path), "--layout", "eav"]) == 2
    assert "--layout has no use for this configuration" in capsys.readouterr().err


def test_the_level_of_a_rating_is_a_label(tmp_path: Path) -> None:
    assert fit(tmp_path / "out", target="valence-3", setting="k=2") == 0
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["target"]["names"] == ["low", "neutral", "high"]
    assert metrics["scores"]["mean"]["by_label"]["neutral"]["n"] == 0


def test_epochs_have_a_limit_and_what_cannot_be_published_is_not_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tmp_path / "out", publish="tiny") == 2
    assert "error: eegnet reads eeg; only a system that reads faces or frames, audio" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert fit(tmp_path / "out", epochs="1") == 0
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["epochs"] == 1 and [len(rows) for rows in metrics["curves"].values()] == [1, 1, 1]


@pytest.mark.extended
def test_two_processes_share_every_batch(tmp_path: Path) -> None:
    script = tmp_path / "fit.py"
    script.write_text(
        "import sys\nfrom tests.training.corpora import corpus\nfrom training.__main__ import main\n"
        "from training.data import layouts\nlayouts.read = lambda *_: corpus()\nsys.exit(main(sys.argv[1:]))\n"
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    given = ["--layout", "eav", "--data", "eav", "--protocol", "subject-k-fold", "--setting", "k=3", "--size", "small"]
    command = [sys.executable, *launcher, "fit", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "two"), *given]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    assert subprocess.run(command, check=False, timeout=600, env=environment).returncode == 0
    metrics = json.loads((tmp_path / "two/metrics.json").read_text())
    assert metrics["provenance"]["processes"] == 2 and metrics["scores"]["mean"]["accuracy"] > 0.8


class Staged(System):
    """Two stages, one of which rests while the other learns, and a threshold in closed form."""

    inputs = {"x": (2,)}
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 2)
        self.register_buffer("seen", torch.zeros(1))
        self.sizes: list[int] = []
        self.constrained = 0

    def forward(self, inputs: Inputs) -> Tensor:
        logits: Tensor = self.second(self.first(inputs["x"]))
        return logits

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        self.sizes.append(len(targets))
        return super().loss(inputs, targets)

    def stages(self) -> tuple[Stage, ...]:
        return (
            Stage("first", self.loss, tuple(self.first.parameters())),
            Stage("second", self.loss, tuple(self.second.parameters()), epochs=2.0),
        )

    def constrain(self) -> None:
        self.constrained += 1

    def solve(self, inputs: Inputs, targets: Tensor) -> bool:
        self.seen.fill_(len(targets))
        return True


SIZE = Size(inputs={}, epochs=2, batch_size=4, lr=0.1, optimiser="sgd", momentum=0.5)


def test_each_stage_trains_its_own_parameters_for_its_share_of_the_epochs() -> None:
    torch.manual_seed(0)
    system = Staged()
    start = {name: value.clone() for name, value in system.state_dict().items()}
    values = np.random.default_rng(0).normal(size=(11, 2)).astype(np.float32)
    windows = LabelledWindows({"x": values}, np.arange(11) % 2, Standardisation({}, {}))
    stage_of_second = []

    def watch(*_: Any) -> None:
        stage_of_second.append(torch.equal(system.second.weight, start["second.weight"]))

    system.first.register_forward_hook(watch)
    with devices.launch() as fabric:
        fit_system(fabric, system, windows, np.arange(1, 11), SIZE, 1, None)
    assert system.sizes == [4, 3, 3] * 6, "ten windows in batches of at most four, none left out"
    assert all(stage_of_second[:6]) and not any(stage_of_second[8:])
    assert system.constrained == 18 and system.seen.item() == 10
    assert not system.training and all(parameter.requires_grad for parameter in system.parameters())
    logits = predict(system, windows, np.array([0, 3]), 1)
    np.testing.assert_allclose(logits, system({"x": torch.from_numpy(values[[0, 3]])}).detach(), rtol=1e-5)


def test_inputs_are_standardised_by_the_training_part() -> None:
    values = np.stack([np.arange(6.0), np.full(6, 3.0)], axis=1).astype(np.float32)
    standardise = Standardisation.of({"x": values, "y": values}, ["x"], np.array([0, 1, 2]))
    windows = LabelledWindows({"x": values, "y": values}, np.zeros(6, int), standardise)
    inputs, _ = windows[[0, 5]]
    np.testing.assert_allclose(inputs["x"], [[-1 / np.sqrt(2 / 3), 0], [4 / np.sqrt(2 / 3), 0]], rtol=1e-5)
    np.testing.assert_array_equal(inputs["y"], values[[0, 5]])


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a comparison of two EEGNets, fitted in this process."""
    (tmp_path / "configs/zoo").mkdir(parents=True)
    small = CONFIG["sizes"]["small"] | {"epochs": 2}
    (tmp_path / "configs/zoo/eegnet.yaml").write_text(yaml.safe_dump(CONFIG | {"sizes": {"small": small}}))
    monkeypatch.setattr(configuration, "FOLDER", tmp_path / "configs")
    fit_zoo = task.fit

    def counted(*arguments: Any) -> None:
        (tmp_path / "fitted").open("a").write("one\n")
        fit_zoo(*arguments)

    monkeypatch.setattr(task, "fit", counted)
    config = {
        "task": "compare",
        "name": "two",
        "seeds": [1, 2],
        "corpora": [
            {
                "title": "Made up",
                "data": "here",
                "layout": "eav",
                "protocol": "subject-k-fold",
                "settings": {"k": 2},
                "systems": ["eegnet", {"system": "eegnet", "name": "EEGNet, wide", "options": {"variant": "code"}}],
                "means": {"mean of both": ["eegnet", "EEGNet, wide"]},
            }
        ],
    }
    (tmp_path / "compare.yaml").write_text(yaml.safe_dump(config))
    return ["compare", str(tmp_path / "compare.yaml"), "--data", "here=eav", "--out", str(tmp_path / "out")]


def test_systems_are_compared_in_a_table_and_not_fitted_twice(tmp_path: Path, compared: list[str]) -> None:
    document = tmp_path / "comparison.md"
    document.write_text("# Systems\n\n<!-- comparison two -->\n<!-- end two -->\n\nThe end.\n")
    assert main([*compared, "--document", str(document)]) == 0
    assert len((tmp_path / "fitted").read_text().splitlines()) == 4
    text = document.read_text()
    assert text.startswith("# Systems") and text.endswith("The end.\n")
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in table[2:]] == ["| eegnet", "| EEGNet, wide", "| mean of both"]
    assert "60.0 %: EAV, within subject (Lee et al. 2024)" in table[2]
    for said in (
        "12 tested trials of 3 subjects",
        "`subject-k-fold` (k 2), by subject",
        "Fleiss' kappa",
        "SD of seeds",
    ):
        assert said in text
    for name in ("accuracy-1", "cost-1"):
        assert (tmp_path / f"images/comparison-two/{name}.svg").read_text().startswith("<?xml")
    assert (tmp_path / "out/comparison.md").exists()

    assert main([*compared, "--document", str(document)]) == 0
    assert len((tmp_path / "fitted").read_text().splitlines()) == 4 and document.read_text() == text


def test_a_system_that_cannot_be_fitted_is_named_and_the_others_are_in_the_table(
    tmp_path: Path, compared: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load((tmp_path / "compare.yaml").read_text())
    config["seeds"] = [1]
    config["corpora"][0]["systems"][1]["options"] = {"samples": 100}
    (tmp_path / "compare.yaml").write_text(yaml.safe_dump(config))
    assert main(compared) == 2
    said = capfd.readouterr().err
    assert "error: EEGNet, wide: eeg: the front end gives (4, 200), the system reads (4, 100)" in said
    assert "error: not fitted, see above: EEGNet, wide" in said
    assert "| eegnet |" in (tmp_path / "out/comparison.md").read_text()


def test_data_without_a_folder_and_means_without_a_row_are_named(
    tmp_path: Path, compared: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*compared, "--data", "there=eav"]) == 2
    assert "Made up: needs --data here=DIR" in capsys.readouterr().err
    config = yaml.safe_load((tmp_path / "compare.yaml").read_text())
    config["corpora"][0]["means"] = {"all": ["eegnet", "scnn"]}
    (tmp_path / "compare.yaml").write_text(yaml.safe_dump(config))
    assert main(compared) == 2
    assert "means of scnn, which have no row" in capsys.readouterr().err


def test_a_comparison_and_a_fit_are_not_confused(
    tmp_path: Path, compared: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", compared[1], "--out", str(tmp_path)]) == 2
    assert "is for `python -m training compare`" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "configs/zoo/eegnet.yaml"), *compared[2:]]) == 2
    assert "is no comparison" in capsys.readouterr().err


def test_a_trial_that_is_too_short_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = corpus([1, 2], seconds=1.5)
    monkeypatch.setattr(layouts, "read", lambda *_: replace(corpus(), trials=(*corpus().trials, short.trials[0])))
    assert fit(tmp_path / "out") == 2
    assert "subject 1, trial 1: lasts 1.50 s, which is shorter than a window of 2.0 s" in capsys.readouterr().err


def test_every_configuration_of_the_zoo_is_read() -> None:
    for name in zoo.names():
        path = configuration.FOLDER / "zoo" / f"{name}.yaml"
        assert configuration.read(path).__struct_config__.tag == "zoo"
