"""Disguised and malicious files: refused with a code, on both ways in; nothing stays, and nobody is called."""

import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from inference import __main__ as command
from inference.errors import Code
from tests.hostile.companions import EEGS, SOUNDS
from tests.hostile.conftest import Listener
from tests.hostile.videos import ADDRESS, VIDEOS, video
from tests.webapp import clips
from webapp.analyses.models import Analysis
from webapp.core.errors import STATUSES
from webapp.recordings.models import Recording

URL = "/api/v1/recordings/"
CASES = {
    f"{kind}: {what}": (kind, *case)
    for kind, cases in {"video": VIDEOS, "audio": SOUNDS, "eeg": EEGS}.items()
    for what, case in cases.items()
}


@pytest.fixture(params=CASES)
def hostile(request: Any, listener: Listener) -> tuple[dict[str, tuple[str, bytes]], Code]:
    """The files of a recording, by kind, one of which is hostile; the code that it has to be refused with."""
    kind, name, code, make = CASES[request.param]
    content = make().replace(ADDRESS, listener.address.ljust(len(ADDRESS), b"x"))
    long = kind == "eeg"  # a trial of EEG takes 20 s
    good = clips.video(20, fps=1, sound=False) if long else video()
    return {"video": ("clip.mp4", good), kind: (name, content)}, Code(code)


@pytest.mark.usefixtures("models")
def test_it_is_refused_on_upload(
    hostile: tuple[dict[str, tuple[str, bytes]], Code], api: APIClient, media_root: Path, listener: Listener
) -> None:
    files, code = hostile
    sent = {kind: SimpleUploadedFile(name, content) for kind, (name, content) in files.items()}
    answer = api.post(URL, {"consent": "true", "eeg_sfreq": "100", **sent}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (STATUSES[code], code), answer.json()
    _is_a_sentence(answer.json()["detail"])
    assert not Recording.objects.exists() and not Analysis.objects.exists()
    assert clips.everything_in(media_root) == []
    assert not listener.heard()


def test_it_is_refused_by_the_command(
    hostile: tuple[dict[str, tuple[str, bytes]], Code],
    tmp_path: Path,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files, code = hostile
    paths = {}
    for kind, (name, content) in files.items():
        (tmp_path / kind).mkdir()
        paths[kind] = tmp_path / kind / name
        paths[kind].write_bytes(content)
    others = [argument for kind in ("audio", "eeg") if kind in paths for argument in (f"--{kind}", str(paths[kind]))]
    if "eeg" in paths:
        others += ["--eeg-sfreq", "100"]
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["inference", "analyse", str(paths["video"]), *others, "--out", str(out)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handler would outlive the test
    assert command.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {code}: ")
    _is_a_sentence(line)
    assert not out.exists()
    assert not listener.heard()


def _is_a_sentence(text: str) -> None:
    assert 20 < len(text) < 300 and text.endswith(".") and "Traceback" not in text and "/" not in text.split(": ")[-1]
