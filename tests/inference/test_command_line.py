"""`python -m inference` as a person runs it, with the models of the store; refusals are told within this process."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from inference import __main__ as command
from inference import store
from inference.export import decode_timeline

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT / "samples"
ANALYSE = (sys.executable, "-m", "inference", "analyse")
PATIENCE_S = 300
Told = subprocess.CompletedProcess[str]


def run(*arguments: object) -> Told:
    command = [sys.executable, "-m", "inference", *map(str, arguments)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """As `run`, within this process: torch is imported once for all that is refused."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handler would outlive the test

    def tell(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["inference", *map(str, arguments)])
        try:
            status = command.main()
        except SystemExit as end:  # argparse's
            assert isinstance(end.code, int)
            status = end.code
        said = capsys.readouterr()
        return Told([], status, said.out, said.err)

    return tell


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 6 s of the sample."""
    out = tmp_path_factory.mktemp("clip") / "clip.mp4"
    cut = ["-v", "error", "-nostdin", "-i", str(SAMPLES / "interview.mp4"), "-t", "6", "-c", "copy", str(out)]
    subprocess.run([get_ffmpeg_exe(), *cut], check=True, timeout=60)
    return out


@pytest.fixture(scope="module")
def analysed(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Path]:
    """The clip, analysed into a folder two levels of which did not exist, with all formats."""
    out = tmp_path_factory.mktemp("analysed") / "new" / "out"
    return run("analyse", clip, "--out", out, "--formats", "json,csv,vtt,srt,eaf,textgrid,bids,html", "--chapters"), out


def test_a_recording_becomes_a_result_a_video_and_a_file_a_format(
    analysed: tuple[Told, Path],
) -> None:
    done, out = analysed

    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in out.iterdir()} == {
        *("result.json", "annotated.mp4", "timeline.csv", "timeline.vtt", "timeline.srt", "timeline.eaf"),
        *("timeline.TextGrid", "timeline.bids.zip", "timeline.html", "chapters.mp4"),
    }
    assert {path.name for path in out.parent.parent.rglob(".*")} == set()


def test_the_segments_tile_the_recording_and_are_printed(
    analysed: tuple[Told, Path],
) -> None:
    done, out = analysed
    timeline = decode_timeline(json.loads((out / "result.json").read_text()))

    assert timeline.segments[0].start_s == 0
    assert timeline.segments[-1].end_s == timeline.media.duration_s
    assert all(one.end_s == following.start_s for one, following in pairwise(timeline.segments))
    assert [model.name for model in timeline.models] == [store.DEFAULT_AUDIO_VIDEO]
    printed = [line.split() for line in done.stdout.splitlines()[1 : len(timeline.segments) + 1]]
    assert [(float(row[0]), float(row[1]), row[2]) for row in printed] == [
        (round(one.start_s, 2), round(one.end_s, 2), one.label) for one in timeline.segments
    ]
    assert timeline.notice in done.stdout


def test_the_labelled_video_keeps_its_length_and_sound(clip: Path, analysed: tuple[Told, Path]) -> None:
    with av.open(str(clip)) as before, av.open(str(analysed[1] / "annotated.mp4")) as after:
        assert len(after.streams.audio) == len(before.streams.audio) == 1
        frame_us = 1e6 / float(before.streams.video[0].average_rate or 1)
        assert after.duration == pytest.approx(before.duration, abs=frame_us)


def test_the_video_with_chapters_has_one_a_segment(analysed: tuple[Told, Path]) -> None:
    timeline = decode_timeline(json.loads((analysed[1] / "result.json").read_text()))
    with av.open(str(analysed[1] / "chapters.mp4")) as container:
        assert len(container.chapters()) == len(timeline.segments)
        assert container.metadata["title"] == "clip"


@pytest.mark.extended
def test_with_eeg_and_on_a_terminal_it_shows_progress(tmp_path: Path) -> None:
    eeg: list[str | Path] = [
        "--eeg",
        SAMPLES / "interview_eeg.mat",
        "--eeg-trial",
        "1",
        "--audio",
        SAMPLES / "interview.wav",
    ]
    terminal, its_end = pty.openpty()
    termios.tcsetwinsize(its_end, (24, 80))
    process = subprocess.Popen(
        [*ANALYSE, SAMPLES / "interview.mp4", *eeg, "--out", tmp_path / "out"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=its_end,
    )
    os.close(its_end)
    shown = b"".join(_until_closed(terminal)).decode()
    assert process.wait(PATIENCE_S) == 0

    assert re.search(r"sample +\d+%\|", shown) and re.search(r"render +\d+%\|", shown)
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["mode"] == "audio-video-eeg"
    assert [segment["evidence"]["eeg"] for segment in result["segments"]][:2] == [1.0, 0.0]
    assert result["segments"][0]["end_s"] == 20.0
    assert "EEG simulated" in result["notice"]


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 4096)
        except OSError:  # what a terminal reads as once nobody holds its other end
            os.close(terminal)
            return


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing.mp4"], "missing_file"),
        (["empty.mp4"], "empty_file"),
        (["text.mp4"], "not_a_video"),
        (["broken.mp4"], "truncated_video"),
        (["whole.mp4", "--audio", "missing.wav"], "missing_file"),
        (["whole.mp4", "--audio", "text.mp4"], "not_audio"),
        (["whole.mp4", "--eeg", "text.mp4"], "not_mat"),
        (["whole.mp4", "--formats", "csv,xls"], "unknown_format"),
        (["whole.mp4", "--model", "nobody"], "unknown_model"),
        (["whole.mp4", "--model", "eegnet-5"], "model_unsuited"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line_and_leaves_nothing(
    arguments: list[str], code: str, clip: Path, tmp_path: Path, tell: Callable[..., Told]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video at all " * 100)
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    (tmp_path / "whole.mp4").write_bytes(clip.read_bytes())
    before = everything_in(tmp_path)
    words = [word if word.startswith("--") or "." not in word else str(tmp_path / word) for word in arguments]

    refused = tell("analyse", *words, "--out", tmp_path / "new" / "out")

    assert refused.returncode == 2
    assert re.fullmatch(rf"error: {code}: [^\n]+\n", refused.stderr)
    assert refused.stdout == ""
    assert everything_in(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_refusal_leaves_what_was_in_the_folder_before(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("an earlier one")
    (tmp_path / "broken.mp4").write_text("no video")
    before = everything_in(tmp_path)

    assert run("analyse", tmp_path / "broken.mp4", "--out", tmp_path).returncode == 2

    assert everything_in(tmp_path) == before


@pytest.mark.extended
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_it_while_it_writes_leaves_nothing(sent: signal.Signals, status: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*ANALYSE, SAMPLES / "interview.mp4", "--out", out],
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background has its children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + PATIENCE_S
    while not list(tmp_path.glob(".emotrace-*/*annotated.mp4*")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(sent)
    said = process.communicate(timeout=PATIENCE_S)[1]

    assert process.returncode == status
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_input_is_never_overwritten(clip: Path, tmp_path: Path, tell: Callable[..., Told]) -> None:
    video = tmp_path / "annotated.mp4"
    video.write_bytes(clip.read_bytes())

    refused = tell("analyse", video, "--out", tmp_path)

    assert refused.returncode == 2
    assert "would be overwritten" in refused.stderr
    assert everything_in(tmp_path) == {"annotated.mp4": clip.read_bytes()}


def test_a_trial_without_eeg_is_a_wrong_usage(clip: Path, tmp_path: Path, tell: Callable[..., Told]) -> None:
    refused = tell("analyse", clip, "--eeg-trial", 1, "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "--eeg" in refused.stderr


def test_a_wrong_format_is_refused_before_anything_slow_is_imported(clip: Path, tmp_path: Path) -> None:
    wrong = ["analyse", str(clip), "--formats", "xls", "--out", str(tmp_path / "out")]
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "inference", *wrong],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "inference.export" in imported
    assert not imported & {"torch", "librosa", "cv2", "av"}


def test_models_lists_the_store() -> None:
    listed = run("models")

    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [re.split(r" {2,}", line) for line in listed.stdout.splitlines()[1:]]
    assert rows == [
        [spec.name, spec.version, spec.kind, ", ".join(spec.labels), *filter(None, [spec.demonstration])]
        for spec in store.list_models()
    ]


def test_models_fails_where_the_store_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[..., Told]
) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path / "missing"))
    listed = tell("models")
    assert (listed.returncode, listed.stdout) == (1, "")
    assert listed.stderr.startswith(f"error: there is no model in {tmp_path / 'missing'}")
    assert len(listed.stderr.splitlines()) == 1


def test_models_warns_of_those_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[..., Told]
) -> None:
    shutil.copytree(store.store_directory(), tmp_path / "models")
    (tmp_path / "models/eegnet-5/1/metrics.json").write_text("{")
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path / "models"))
    listed = tell("models")

    assert listed.returncode == 0
    assert "eegnet-5" not in listed.stdout and "fusion-cnn-5" in listed.stdout
    assert listed.stderr.startswith("warning: ") and "eegnet-5/1/metrics.json" in listed.stderr
    assert len(listed.stderr.splitlines()) == 1
