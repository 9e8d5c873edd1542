import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from inference.media import ffmpeg
from inference.media.ffmpeg import FfmpegError, input_arguments, run_ffmpeg
from tests.inference.clips import silent, talk

PATIENCE_S = 180
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null"]
NOWHERE = Path("/dev/null")


def children() -> list[psutil.Process]:
    return psutil.Process(os.getpid()).children(recursive=True)


def test_what_ffmpeg_says_of_a_failure_is_told(tmp_path: Path) -> None:
    with pytest.raises(FfmpegError, match="No such file"):
        run_ffmpeg(["-i", str(tmp_path / "none.mp4"), "-f", "null"], NOWHERE, read=[tmp_path])


def test_what_takes_too_long_is_killed() -> None:
    before = children()
    with pytest.raises(FfmpegError, match="longer than"):
        run_ffmpeg(ENDLESS, NOWHERE, read=[], limit_s=0.5)
    assert not set(children()) - set(before)


def test_it_is_killed_when_its_listener_raises() -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        run_ffmpeg(ENDLESS, NOWHERE, read=[], limit_s=600, on_time=stop)
    assert not set(children()) - set(before)


def test_ctrl_c_while_it_is_being_started_is_obeyed_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(subprocess.Popen[str]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            signal.raise_signal(signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    processes, threads = children(), threading.enumerate()
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_ffmpeg(ENDLESS, NOWHERE, read=[], limit_s=600)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert not set(children()) - set(processes)
    for each in set(threading.enumerate()) - set(threads):  # one that waits for the limit would keep Python alive
        each.join(PATIENCE_S)
        assert not each.is_alive()


@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it() -> None:
    code = (
        "from pathlib import Path; from inference.media.ffmpeg import run_ffmpeg; "
        f"run_ffmpeg({ENDLESS!r}, Path('/dev/null'), read=[], limit_s=600)"
    )
    parent = psutil.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + PATIENCE_S
    while not (started := parent.children()) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert started
    gone, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
    assert (len(gone), alive) == (1, [])


def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "MEMORY_BYTES", 2**26)
    with pytest.raises(FfmpegError):
        run_ffmpeg(
            [*input_arguments(silent(tmp_path / "clip.mp4")), "-c:v", "libx264", "-f", "null"], NOWHERE, read=[tmp_path]
        )


@pytest.mark.slow
def test_it_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    seen: list[dict[str, str]] = []

    def look(_: float) -> None:
        seen.extend(child.environ() for child in children() if "ffmpeg" in child.name())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ffmpeg(ENDLESS, NOWHERE, read=[], on_time=look)
    assert seen
    assert not any("SECRET_KEY" in environment for environment in seen)


def test_it_opens_only_what_it_is_given(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4")
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "copy.mp4"
    copied = ["-i", str(clip), "-c", "copy"]
    with pytest.raises(FfmpegError, match="Permission denied"):
        run_ffmpeg(copied, out, read=[])
    with pytest.raises(FfmpegError, match="Permission denied"):
        run_ffmpeg([*copied, str(tmp_path / "other.mp4"), *copied[2:]], out, read=[clip])
    assert not (tmp_path / "other.mp4").exists()
    run_ffmpeg(copied, out, read=[clip])
    assert out.stat().st_size > 0


def test_it_reaches_no_server() -> None:
    with socket.socket() as heard:
        heard.bind(("127.0.0.1", 0))
        heard.listen()
        with pytest.raises(FfmpegError, match="not permitted"):
            run_ffmpeg(["-i", f"tcp://127.0.0.1:{heard.getsockname()[1]}", "-f", "null"], NOWHERE, read=[])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:2,\nclip.ts\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile clip.ts\n"),
    ],
)
def test_a_source_opens_no_other_file(name: str, text: str, tmp_path: Path) -> None:
    listing = tmp_path / name
    listing.write_text(text)
    talk(tmp_path / "clip.ts", 1)
    with pytest.raises(FfmpegError):
        run_ffmpeg([*input_arguments(listing), "-f", "null"], NOWHERE, read=[tmp_path])
