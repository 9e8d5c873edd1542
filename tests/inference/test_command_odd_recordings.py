"""The command line on odd recordings: read to the end, or one line that says what is wrong."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inference import __main__ as command
from inference import pipeline
from inference.hashing import sha256_file
from inference.media.probe import probe_video
from tests.inference import recordings, sounds
from tests.inference.clips import made, picture, silent, talk, tone
from tests.webapp import clips

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT / "samples"


@pytest.fixture(autouse=True)
def _signals_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handler would outlive the test


def analyse(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["inference", "analyse", *map(str, arguments)])
    return command.main()


def test_a_recording_with_a_camera_trailer_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, out = recordings.followed_by(tmp_path / "a.mp4", recordings.CAMERA_TRAILER), tmp_path / "out"
    assert analyse(monkeypatch, clip, "--out", out) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["media"]["duration_s"] == pytest.approx(recordings.SECONDS, abs=0.05)
    assert probe_video(out / "annotated.mp4").duration_s == pytest.approx(recordings.SECONDS, abs=0.05)


def test_a_refusal_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = recordings.REFUSED["DVD title whose clock begins anew"][1](tmp_path)
    assert analyse(monkeypatch, clip, "--out", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: clock_jumps: The recording's clock begins anew")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's picture without its sound."""
    out = tmp_path_factory.mktemp("face") / "face.mp4"
    return made(out, "-i", str(SAMPLES / "interview.mp4"), "-t", str(sounds.SECONDS), "-an", "-c:v", "copy")


@pytest.mark.extended
@pytest.mark.parametrize("shape", ["floats of 16-bit integers", "one of 32 channels", "opposite phase", "no size"])
def test_the_same_voice_in_another_shape_is_read_alike(
    shape: str, face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    for name in ("plain", shape):
        voice, out = tmp_path / f"{name}.wav", tmp_path / name
        voice.write_bytes(sounds.READ[name]())
        assert analyse(monkeypatch, face, "--audio", voice, "--out", out) == 0
        read.append(json.loads((out / "result.json").read_text())["windows"])
    for one, other in zip(*read, strict=True):
        assert one["voice"] == pytest.approx(other["voice"], abs=0.02)
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=0.02)


@pytest.mark.extended
def test_volts_are_read_where_they_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    eeg = tmp_path / "volts.mat"
    eeg.write_bytes(clips.mat(eeg=clips.eeg(24, rate=500) * 1e-6, fs=500.0))
    arguments = [SAMPLES / "interview.mp4", "--eeg", eeg, "--out", tmp_path / "out"]
    assert analyse(monkeypatch, *arguments) == 2
    assert capsys.readouterr().err.startswith("error: eeg_unit: ")
    assert analyse(monkeypatch, *arguments, "--eeg-unit", "V") == 0
    assert json.loads((tmp_path / "out" / "result.json").read_text())["eeg"]["unit"] == "V"


def test_a_relative_path_is_that_of_the_folder_it_is_used_in(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    clip = talk(tmp_path / "samples" / "interview.mp4", 2)  # named as a file of the project is
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "inference", "analyse", "samples/interview.mp4", "--out", "out"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    media = json.loads((out / "result.json").read_text())["media"]
    assert (media["sha256"], media["duration_s"]) == (sha256_file(clip), pytest.approx(2.0, abs=0.05))
    assert probe_video(out / "annotated.mp4").duration_s == pytest.approx(2.0, abs=0.05)


def test_a_file_that_changes_meanwhile_gives_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, read = silent(tmp_path / "a.mp4"), pipeline.analyse

    def replaced(*arguments: object, **options: object) -> object:
        timeline = read(*arguments, **options)  # type: ignore[arg-type]
        made(tmp_path / "b.mp4", *picture(2), *tone(2)).replace(clip)
        return timeline

    monkeypatch.setattr(pipeline, "analyse", replaced)
    assert analyse(monkeypatch, clip, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.startswith("error: file_changed: a.mp4 changed")
    assert not (tmp_path / "out").exists()


@pytest.mark.extended
@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("ValueError('Audio buffer is not finite everywhere')", 2, "error: reader_crashed: "),
        ("TypeError('a fault of the program')", 1, "error: unexpected TypeError: a fault of the program"),
    ],
)
def test_no_exception_of_a_library_shows_a_traceback(error: str, status: int, words: str, tmp_path: Path) -> None:
    arguments = ["analyse", str(talk(tmp_path / "a.mp4")), "--out", str(tmp_path / "out")]
    arguments += ["--model", "intermediate-attention-8@1"]  # it reads MFCC
    program = f"""
import sys
from inference import __main__ as command, speech
def broken(*_):
    raise {error}
speech.mfcc = broken
sys.argv[1:] = {arguments!r}
sys.exit(command.main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert line.startswith(words)
