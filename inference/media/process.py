"""The one place that starts ffmpeg: an argument list, no input, limits, and nothing left running."""

import ctypes
import os
import resource
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from inference.media.container import FORMATS

MEMORY_BYTES = 8 * 1024**3  # address space; x264 at 2160p reserves about 2 GiB
PROTOCOLS = "file,pipe"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class FfmpegError(Exception):
    """ffmpeg failed or took too long; the message is the end of what it said."""


def source(path: Path) -> list[str]:
    """Arguments that open `path` as an input, and nothing that it may point to."""
    return ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS, "-i", f"file:{path.resolve()}"]


def ffmpeg(
    arguments: Sequence[str],
    *,
    limit_s: float = 600.0,
    folder: Path | None = None,
    on_time: Callable[[float], None] | None = None,
) -> None:
    """Run ffmpeg and wait for it; `on_time` hears how many seconds of output are written.

    The process and its children are killed if it fails, outlasts `limit_s`, this process dies
    or `on_time` raises. Raises FfmpegError.
    """
    quiet = ["-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [get_ffmpeg_exe(), *quiet, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=folder,
            text=True,
            start_new_session=True,
            preexec_fn=_limit,  # only system calls, safe among threads
        )
        outlasted = threading.Event()

        def end() -> None:
            outlasted.set()
            _kill(process)

        clock = threading.Timer(limit_s, end)
        clock.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                name, _, value = line.strip().partition("=")
                if on_time and name == "out_time_us" and value.isdigit():
                    on_time(int(value) / 1e6)
            process.wait()
        finally:
            clock.cancel()
            _kill(process)
        if outlasted.is_set():
            raise FfmpegError(f"ffmpeg took longer than {limit_s:.0f} s")
        if process.returncode:
            said.seek(0)
            raise FfmpegError(said.read()[-2000:].decode(errors="replace").strip())


def _limit() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()
