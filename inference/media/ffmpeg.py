"""The one place that starts ffmpeg: an argument list, no input, limits, and nothing left running."""

import errno
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from inference.errors import Code, InputError
from inference.media.container import DECODERS, MAX_PIXELS, PROTOCOLS
from inference.media.formats import detect_format
from inference.media.riff import pcm_decoder
from inference.media.signals import defer_signals
from inference.sandbox.limits import Permissions, minimal_environment, prepare_confinement, require_protections

MEMORY_BYTES = 8 * 1024**3  # address space; x264 at 2160p reserves about 2 GiB
MAX_OUTPUT_BYTES = 2**34
_CPU_FACTOR = os.cpu_count() or 1  # how much faster than the clock its processor time may pass


_MESSAGE_BYTES = 2000
_OUT_OF_RESOURCES = {256 - errno.ENOMEM, 256 - errno.EFBIG}  # as it exits where memory or the file it writes ends
_DISK_FULL = 256 - errno.ENOSPC


class FfmpegError(Exception):
    """ffmpeg failed or took too long; the message is the end of what it said."""


class FfmpegKilledError(FfmpegError):
    """ffmpeg went beyond its time, memory or output, or crashed: with the same input, it will do so again."""

    @property
    def refusal(self) -> InputError:
        return InputError(
            Code.TOO_COSTLY,
            "Writing the labelled video took more time, memory or space than a recording may. "
            "Export the recording again, smaller or shorter.",
        )


def input_arguments(path: Path) -> list[str]:
    """Arguments that open `path` as an input of its own kind, and nothing that it may point to."""
    kind = detect_format(path)
    demuxer = kind.demuxer if kind else "none"
    decoder = pcm_decoder(path)
    return [
        *(("-c:a", decoder) if decoder else ()),
        *("-protocol_whitelist", PROTOCOLS, "-format_whitelist", demuxer, "-codec_whitelist", DECODERS),
        *("-max_pixels", str(MAX_PIXELS), "-f", demuxer, "-i", f"file:{path.resolve()}"),
    ]


def run_ffmpeg(
    arguments: Sequence[str],
    output: Path,
    *,
    read: Sequence[Path],
    limit_s: float = 600.0,
    most_bytes: int = MAX_OUTPUT_BYTES,
    folder: Path | None = None,
    on_time: Callable[[float], None] | None = None,
) -> None:
    """Have ffmpeg write `output` and wait for it; `on_time` hears how many seconds of it are written.

    It opens no other files than `read`, or in the folders among them; `output` is there, empty, before it starts.
    The process and its children are killed if it fails, outlasts `limit_s`, writes a file longer than `most_bytes`,
    this process dies or `on_time` raises. Raises FfmpegError, FfmpegKilledError, SandboxError, and OSError where the
    disk is full.
    """
    require_protections()
    program = Path(get_ffmpeg_exe()).resolve()
    output.touch()
    cpu_s = int(limit_s * _CPU_FACTOR) + 1
    confinement = prepare_confinement(
        Permissions(MEMORY_BYTES, most_bytes, cpu_s, read, [output], program), os.getpid()
    )
    quiet = ["-y", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]
    with tempfile.TemporaryFile() as said:
        process: subprocess.Popen[str] | None = None
        outlasted = threading.Event()

        def end() -> None:
            outlasted.set()
            _kill(process)

        clock = threading.Timer(limit_s, end)
        try:
            with defer_signals():
                process = subprocess.Popen(
                    [str(program), *quiet, *arguments, f"file:{output.resolve()}"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    cwd=folder,
                    env=minimal_environment(),
                    text=True,
                    start_new_session=True,
                    preexec_fn=confinement.enter,  # only system calls, safe among threads
                )
                clock.start()
            assert process.stdout is not None
            for line in process.stdout:
                name, _, value = line.strip().partition("=")
                if on_time and name == "out_time_us" and value.isdigit():
                    on_time(int(value) / 1e6)
            process.wait()
        finally:
            clock.cancel()
            _kill(process)
            confinement.close()
        if outlasted.is_set():
            raise FfmpegKilledError(f"ffmpeg took longer than {limit_s:.0f} s")
        if process.returncode:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _MESSAGE_BYTES))
            message = said.read().decode(errors="replace").strip()
            if process.returncode == _DISK_FULL:
                raise OSError(errno.ENOSPC, message)
            killed = process.returncode < 0 or process.returncode in _OUT_OF_RESOURCES
            raise (FfmpegKilledError if killed else FfmpegError)(message)


def _kill(process: subprocess.Popen[str] | None) -> None:
    if process is None:
        return
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()
