"""What a reader that was taken over can do, tried from inside: as root, as an ordinary user, without namespaces."""

import ctypes
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from webapp.local.embedded import postgres
from webapp.local.embedded.posix_acl import grant_traverse

PROJECT = Path(__file__).parents[2]
_CLONE_NEWUSER = 0x10000000
_CAPABILITY_VERSION = 0x20080522


def _no_namespaces() -> None:
    """Forbid namespaces to this process and all it starts, as Docker does by default."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        os._exit(77)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    libc.capset((ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)())
    if libc.unshare(_CLONE_NEWUSER) == 0:
        os._exit(77)


def _ordinary() -> None:
    """Go on as the user that root lends to PostgreSQL, who may pass to the project's Python."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(postgres.DATABASE_USER)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


SETTINGS: dict[str, Callable[[], None] | None] = {
    "as it is": None,
    "as an ordinary user": _ordinary,
    "without namespaces": _no_namespaces,
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """What `intruder` expects, readable and writable for whoever tries."""
    place = Path(tempfile.mkdtemp(prefix="emotrace-intruder-"))
    place.chmod(0o777)
    for name, content in {"input": b"read me", "private": b"a secret", "victim": b"still here"}.items():
        (place / name).write_bytes(content)
        (place / name).chmod(0o666)
    with socket.socket(socket.AF_UNIX) as heard:
        heard.bind(str(place / "socket"))
        heard.listen()
        (place / "socket").chmod(0o777)
        yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_reader_that_was_taken_over_can_do_nothing_but_read_its_file(folder: Path, setting: str) -> None:
    if os.geteuid() == 0:
        python = Path(sys.executable).resolve()
        grant_traverse([*python.parents, *PROJECT.parents], postgres._database_user().pw_uid)
    before = sorted(folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", "from tests.hostile.intruder import main; main()", str(folder)],
        cwd=PROJECT,
        env=os.environ | {"SECRET_KEY": "secret", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=SETTINGS[setting],
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("this cannot be set up here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert sorted(folder.iterdir()) == before
    assert [(folder / name).read_bytes() for name in ("input", "victim")] == [b"read me", b"still here"]
