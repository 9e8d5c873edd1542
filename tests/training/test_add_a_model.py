"""docs/development/add-a-model.md is true: its two blocks make a network that is built, tested and fitted."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.front_ends.signals import Biosignal, Signals
from inference.models import zoo
from inference.models.zoo.system import parameter_count
from tests.inference import test_zoo as shared
from tests.training.corpora import corpus
from training.__main__ import main
from training.data import layouts
from training.schema import configuration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "development" / "add-a-model.md"


def block(language: str) -> str:
    """The page's one block of code in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def eeg(number: int) -> Signals:
    """Five seconds of EAV's EEG, which is stronger in every second trial."""
    values = np.random.default_rng(number).normal(size=(30, 2500)) * (1 + 3 * (number % 2))
    return Signals(5.0, eeg=Biosignal(values.astype(np.float32), 500.0, tuple(map(str, range(30)))))


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configuration of the page, beside its network."""
    (tmp_path / "models").mkdir()
    (tmp_path / "zoo").mkdir()
    (tmp_path / "models/log_variance.py").write_text(block("python"))
    (tmp_path / "zoo/log-variance.yaml").write_text(block("yaml"))
    monkeypatch.setattr(zoo, "__path__", [*zoo.__path__, str(tmp_path / "models")])
    monkeypatch.setattr(shared, "FOLDER", tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "zoo/log-variance.yaml"


def test_it_is_found_and_passes_the_tests_of_the_zoo(added: Path) -> None:
    assert "log-variance" in zoo.names()
    assert f"{parameter_count(zoo.build('log-variance')):,}".replace(",", " ") == "1 157"
    assert "1 157 parameters" in block("python")
    torch.manual_seed(0)
    system = zoo.build("log-variance", **shared._small("log-variance"))
    shared.test_it_returns_logits_of_a_batch_and_of_one(system)
    shared.test_a_gradient_reaches_every_parameter_that_should_learn("log-variance", system)
    shared.test_what_is_saved_says_the_same("log-variance", system)


@pytest.mark.slow
def test_the_command_line_fits_it(added: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = corpus([1, 2])
    trials = tuple(replace(trial, read=lambda n=n: eeg(n)) for n, trial in enumerate(made.trials))  # type: ignore[misc]
    monkeypatch.setattr(layouts, "read", lambda *_: replace(made, trials=trials))
    given = ["--layout", "eav", "--data", "eav", "--protocol", "subject-k-fold", "--setting", "k=2", "--size", "small"]
    assert main(["fit", str(added), "--out", "out", *given]) == 0
    metrics = json.loads(Path("out/metrics.json").read_text())
    assert metrics["title"] == "Log-variance" and metrics["windows"] == 8


def test_the_page_names_only_what_is_there() -> None:
    text = PAGE.read_text()
    for name in re.findall(r"`(\w+)\.py`", text):
        assert (zoo.__path__ and (Path(zoo.__path__[0]) / f"{name}.py").is_file()) or name == "log_variance", name
    assert configuration.read(configuration.FOLDER / "compare/small.yaml").name == "small"  # type: ignore[union-attr]
