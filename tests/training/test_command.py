"""The command names what is missing."""

import importlib.util

import pytest

from training.__main__ import main


def test_missing_packages_are_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec

    def without_yaml(name: str) -> object:
        return None if name == "yaml" else find_spec(name)

    monkeypatch.setattr(importlib.util, "find_spec", without_yaml)
    assert main(["fit", "config.yaml", "--out", "out"]) == 2
    assert capsys.readouterr().err == "error: training needs yaml: run `make training` once\n"
