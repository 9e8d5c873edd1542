"""Configurations say what is wrong with them, and where."""

from pathlib import Path

import pytest
import yaml

from training.__main__ import main
from training.errors import DatasetError
from training.schema import configuration, deprecated

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_committed_configuration_is_read(path: Path) -> None:
    assert configuration.read(path).__struct_config__.tag == yaml.safe_load(path.read_text())["task"]


def broken(tmp_path: Path, **changes: object) -> Path:
    config = yaml.safe_load((CONFIGS / "face-backbone.yaml").read_text()) | changes
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epoch": 3}, "epoch"),
        ({"seed": "many"}, "seed"),
        ({"phases": [{"size": 64}]}, "phases.0.epochs"),
        ({"task": "magic"}, "magic"),
    ],
)
def test_a_key_that_is_unknown_missing_or_wrong_is_named(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    with pytest.raises(DatasetError, match=named) as caught:
        configuration.read(broken(tmp_path, **changes))
    assert "broken.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "changes", "wrong"),
    [
        ("intermediate-attention-8", {"train_actors": [2, 17]}, r"actors \[17\] are among those it is fitted on"),
        ("intermediate-attention-8", {"calibration_actors": [17]}, "calibration_actors"),
        ("composed-trials-5", {"folds": [[17, 18], [18]]}, "an actor stands in two folds"),
        ("eegnet-5", {"split": {"train": [1, 40], "validation": [31, 36], "test": [41, 42]}}, "the parts share people"),
        ("eegnet-5", {"split": {"train": [1, 30], "validation": [36, 31], "test": [37, 42]}}, "end before they begin"),
    ],
)
def test_nobody_stands_on_two_sides(tmp_path: Path, name: str, changes: dict[str, object], wrong: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load((CONFIGS / f"{name}.yaml").read_text()) | changes))
    with pytest.raises(DatasetError, match=wrong):
        configuration.read(path)


def test_a_file_that_is_no_yaml_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("task: [")
    assert main(["fit", str(tmp_path / "bad.yaml"), "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "bad.yaml" in said and said.count("\n") == 1


FORMER = {
    "task": "eeg-within-people",
    "rate": 1,
    "phases": [{"batch": 2}],
    "architecture": {"dropout": 0.5},
    "dropout": "noise",
    "people": [1, 2],
}


def test_keys_of_the_former_release_are_accepted_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="rate is now lr"):
        assert deprecated.renamed(FORMER) == {
            "task": "eeg-within-subject",
            "lr": 1,
            "phases": [{"batch_size": 2}],
            "architecture": {"dropout": 0.5},
            "modality_dropout": "noise",
            "subjects": [1, 2],
        }


def test_a_former_configuration_means_the_same(tmp_path: Path) -> None:
    text = (CONFIGS / "fusion-cnn-5.yaml").read_text()
    for former, current in (("rate", "lr"), ("batch", "batch_size"), ("known", "label_weight"), ("people", "subjects")):
        text = text.replace(f"\n{current}:", f"\n{former}:")
    (tmp_path / "former.yaml").write_text(text)
    with pytest.warns(DeprecationWarning):
        former_config = configuration.read(tmp_path / "former.yaml")
    assert former_config == configuration.read(CONFIGS / "fusion-cnn-5.yaml")
