"""The registry of this user's data directories whose embedded servers are running.

Each supervisor holds a lock on a file that names its directory; the kernel releases it when the process ends.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.core import paths
from webapp.local.embedded.lifecycle import is_needed


@contextmanager
def register(place: Path) -> Iterator[None]:
    """Register `place` inside the block."""
    directory = _directory()
    directory.mkdir(mode=0o700, exist_ok=True)
    if not _is_own_directory(directory):  # another user's: the servers run unregistered
        yield
        return
    path = directory / hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(str(place))
        file.flush()
        yield
        path.unlink(missing_ok=True)


def running_data_dirs() -> list[Path]:
    """The data directories whose embedded servers this user is running."""
    directory = _directory()
    if not _is_own_directory(directory):
        return []
    found = []
    for path in directory.iterdir():
        with suppress(FileNotFoundError):  # its supervisor has just ended
            if _is_held(path) and (name := path.read_text()):
                found.append(Path(name))
    return sorted(found)


def default_dir_warning() -> str:
    """A warning where the default directory is used while servers run for others only; else empty."""
    if paths.configured_data_dir() or not is_needed():
        return ""
    running, default = running_data_dirs(), paths.data_dir()
    if not running or default in running:
        return ""
    others = " and ".join(map(str, running))
    return f"warning: EMOTRACE_DATA_DIR is not set: {default} is used, while Emotrace runs for {others}"


def _directory() -> Path:
    return Path("/tmp") / f"emotrace-{os.geteuid()}-running"  # noqa: S108 not TMPDIR, which differs between shells


def _is_own_directory(directory: Path) -> bool:
    return directory.is_dir() and not directory.is_symlink() and directory.stat().st_uid == os.geteuid()


def _is_held(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
