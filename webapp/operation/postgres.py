"""pg_dump and pg_restore."""

import os
import subprocess
from collections.abc import Iterable
from typing import IO, Any

from django.conf import settings
from django.db import connection
from psycopg2.extensions import make_dsn

from webapp.core.paths import postgres_binaries


class PostgresError(Exception):
    """An error of pg_dump or pg_restore, in one line."""


def dump(target: IO[bytes], snapshot: str, without_rows: Iterable[str]) -> None:
    """Write the database as the exported `snapshot` shows it, in pg_dump's custom format. Raises PostgresError."""
    left_out = [f"--exclude-table-data={table}" for table in without_rows]
    _run("pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}", *left_out, stdout=target)


def restore(source: IO[bytes]) -> None:
    """Replace all tables by those of a dump, in one transaction. Raises PostgresError."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    connection.close()
    options = ["--no-owner", "--no-acl", "--single-transaction", "--exit-on-error"]
    _run("pg_restore", *options, stdin=source)


def _run(program: str, *arguments: str, **streams: Any) -> None:
    connection.ensure_connection()
    parameters = connection.connection.info.dsn_parameters
    # Other users can read command lines: the password is passed in the environment.
    environment = {**os.environ, "PGPASSWORD": connection.settings_dict["PASSWORD"] or ""}
    command = [_program_path(program), *arguments, f"--dbname={make_dsn(**parameters)}"]
    try:
        ended = subprocess.run(
            command, env=environment, stderr=subprocess.PIPE, **{"stdin": subprocess.DEVNULL, **streams}
        )
    except OSError as error:
        raise PostgresError(f"{program} cannot be run: {error.strerror}") from error
    if ended.returncode:
        said = " ".join(ended.stderr.decode(errors="replace").split())
        raise PostgresError(f"{program} failed: {said[-1000:]}")


def _program_path(program: str) -> str:
    """The program in EMOTRACE_POSTGRES_BIN where that is set, else in the package."""
    return str((settings.POSTGRES_BIN or postgres_binaries()) / program)
