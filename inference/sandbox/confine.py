"""What a process gives up before it opens a stranger's file: the network, memory and time without end."""

import ctypes
import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Allowance:
    """Address space and the longest file that may be written, in bytes; processor time in seconds."""

    memory: int
    written: int
    cpu_s: int


def confine(allowed: Allowance, parent: int) -> None:
    """Confine this process. Only system calls: it may stand between fork and exec, among threads."""
    # Alone on a network without any way out: root may have that, and everybody who may have a user namespace.
    # Where neither is allowed, what keeps to the file are the lists of protocols and formats.
    if _libc.unshare(_CLONE_NEWNET) != 0:
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _limit(resource.RLIMIT_AS, allowed.memory)
    _limit(resource.RLIMIT_FSIZE, allowed.written)
    _limit(resource.RLIMIT_CPU, allowed.cpu_s)
    _limit(resource.RLIMIT_CORE, 0)
    with suppress(OSError):  # where memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))
