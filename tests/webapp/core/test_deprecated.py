"""Names of the previous release are accepted, with a warning."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from webapp.core import deprecated, paths


@pytest.mark.parametrize(("old", "new"), deprecated.SETTINGS.items())
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_a_former_setting_is_accepted_with_a_warning(old: str, new: str, suffix: str) -> None:
    environment = {old + suffix: "value"}
    with pytest.warns(FutureWarning, match=new):
        deprecated.accept_old_names(environment)
    assert environment[new + suffix] == "value"


def test_the_present_setting_wins_without_a_warning() -> None:
    environment = {"EMOTRACE_PROXIES": "1", "EMOTRACE_TRUSTED_PROXY_COUNT_FILE": "two"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deprecated.accept_old_names(environment)
    assert "EMOTRACE_TRUSTED_PROXY_COUNT" not in environment


@pytest.mark.parametrize(("old", "new"), deprecated.COMMANDS.items())
def test_a_former_command_is_accepted_with_a_warning(old: str, new: str) -> None:
    with pytest.warns(FutureWarning, match=new):
        assert deprecated.current_command(old) == new
    assert deprecated.current_command(new) == new


@pytest.mark.parametrize("name", ["EMOTRACE_DATA_DIR", "EMOTRACE_VAR"])
def test_both_names_of_the_data_directory_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("EMOTRACE_DATA_DIR", "EMOTRACE_VAR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "/somewhere")
    assert paths.data_dir() == Path("/somewhere")


@pytest.mark.slow
def test_check_creates_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "EMOTRACE_DATA_DIR": str(tmp_path / "var"), "EMOTRACE_TMP_DIR": str(tmp_path / "tmp")}
    environment.pop("SECRET_KEY", None)
    command = [sys.executable, "manage.py", "check"]
    ended = subprocess.run(command, cwd=paths.PROJECT, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "var").exists()
    assert not (tmp_path / "tmp").exists()
