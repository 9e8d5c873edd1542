"""ffmpeg as a child process: an argument list, no standard input, limits, no process left behind."""

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
_CPU_FACTOR = os.cpu_count() or 1  # processor seconds in a second


_MESSAGE_BYTES = 2000
_OUT_OF_RESOURCES = {256 - errno.ENOMEM, 256 - errno.EFBIG}  # exit statuses at the limits of memory and file size
_DISK_FULL = 256 - errno.ENOSPC


class FfmpegError(Exception):
    """ffmpeg failed; the message is the end of its log."""


class FfmpegKilledError(FfmpegError):
    """ffmpeg exceeded its limits or crashed; the same input will do so again."""

    @property
    def refusal(self) -> InputError:
        """The error to report for the recording."""
        return InputError(
            Code.TOO_COSTLY,
            "Writing the labelled video took more time, memory or space than a recording may. "
            "Export the recording again, smaller or shorter.",
        )


def input_arguments(path: Path) -> list[str]:
    """Return the arguments that open `path` as an input in its detected format only."""
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
    max_bytes: int = MAX_OUTPUT_BYTES,
    folder: Path | None = None,
    devices: Sequence[Path] = (),
    on_time: Callable[[float], None] | None = None,
) -> None:
    """Run ffmpeg to write `output` and wait for it.

    The process and its children are killed on failure, when this process dies and when `on_time` raises.

    Args:
        arguments: The command line between the global options and the output.
        output: The file to write; it is created empty first.
        read: The only files, or folders of files, that ffmpeg may open.
        limit_s: Longest run, seconds.
        max_bytes: Largest output.
        folder: The working folder.
        devices: Device files of a hardware encoder, the only ones that ffmpeg may open.
        on_time: Called with the seconds that are written.

    Raises:
        FfmpegError: ffmpeg failed.
        FfmpegKilledError: It exceeded a limit or crashed.
        SandboxError: The system lacks the protections of the sandbox.
        OSError: The disk is full.
    """
    require_protections()
    program = Path(get_ffmpeg_exe()).resolve()
    output.touch()
    cpu_s = int(limit_s * _CPU_FACTOR) + 1
    allowed = Permissions(MEMORY_BYTES, max_bytes, cpu_s, read, [output], program, devices)
    confinement = prepare_confinement(allowed, os.getpid())
    quiet = ["-y", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]
    with tempfile.TemporaryFile() as log:
        process: subprocess.Popen[str] | None = None
        timed_out = threading.Event()

        def kill_late() -> None:
            timed_out.set()
            _kill(process)

        clock = threading.Timer(limit_s, kill_late)
        try:
            with defer_signals():
                process = subprocess.Popen(
                    [str(program), *quiet, *arguments, f"file:{output.resolve()}"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
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
        if timed_out.is_set():
            raise FfmpegKilledError(f"ffmpeg took longer than {limit_s:.0f} s")
        if process.returncode:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _MESSAGE_BYTES))
            message = log.read().decode(errors="replace").strip()
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
