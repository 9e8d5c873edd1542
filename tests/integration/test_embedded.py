"""The embedded servers live exactly as long as somebody needs them, whatever dies in between."""

import os
import signal
import stat
import subprocess
import time
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from tests.integration.processes import eventually, python
from webapp.core import paths
from webapp.local.embedded import lifecycle, running
from webapp.local.embedded.lifecycle import is_answering

COMMAND = """
import sys
from webapp.local.embedded import EmbeddedError, servers_running
try:
    with servers_running():
        print("up", flush=True)
        sys.stdin.read()
except EmbeddedError as error:
    sys.exit(f"error: {error}")
"""


KEEPER = ["-m", "webapp.local.embedded.supervisor"]


def command(place: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that needs the servers until it is told to end (by closing its input) or is killed."""
    return python(["-c", COMMAND], {"EMOTRACE_DATA_DIR": str(place)})


def is_up(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "up\n"


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("")
    assert process.returncode == 0


def servers_of(place: Path) -> list[psutil.Process]:
    """Keeper, PostgreSQL and Redis of this place alone."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline()[1:] == KEEPER:
                mine = process.environ().get("EMOTRACE_DATA_DIR") == str(place)
            else:
                mine = Path(process.cwd()) in (place / "postgres", place / "redis")
            if mine:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_everything(place: Path, user: subprocess.Popen[str]) -> None:
    for pid in [*(each.pid for each in servers_of(place)), user.pid]:
        with suppress(ProcessLookupError):  # the servers end with their keeper
            os.kill(pid, signal.SIGKILL)


def gone(place: Path) -> bool:
    return eventually(lambda: not servers_of(place))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that several tests use one after the other, each from stopped servers."""
    return tmp_path_factory.mktemp("place") / "var"


def query(place: Path, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(paths.embedded_database_url(place))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_servers_run_for_as_long_as_a_command_needs_them(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        assert is_answering(place)
        end(process)
    assert gone(place)


def test_commands_share_the_servers_and_the_last_one_stops_them(place: Path) -> None:
    with command(place) as first, command(place) as second:
        assert is_up(first) and is_up(second)
        assert eventually(lambda: [each.cmdline()[1:] for each in servers_of(place)].count(KEEPER) == 1)
        end(first)
        time.sleep(1)
        assert is_answering(place)
        end(second)
    assert gone(place)


def test_data_outlives_the_servers(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        query(place, "CREATE TABLE kept (word text)")
        query(place, "INSERT INTO kept VALUES ('durable')")
        redis.Redis.from_url(paths.embedded_redis_url(place)).set("kept", "durable")
        end(process)
    assert gone(place)
    with command(place) as process:
        assert is_up(process)
        assert query(place, "SELECT word FROM kept") == [("durable",)]
        assert redis.Redis.from_url(paths.embedded_redis_url(place)).get("kept") == b"durable"


def test_messages_of_an_earlier_version_with_a_redis_6_are_still_there(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir(mode=0o700)
    commands = (("SELECT", "0"), ("LPUSH", "render", "queued"))
    lines = ((f"*{len(words)}", *(f"${len(word)}\r\n{word}" for word in words)) for words in commands)
    (tmp_path / "redis" / "appendonly.aof").write_text("".join(f"{line}\r\n" for each in lines for line in each))
    with command(tmp_path) as process:
        assert is_up(process)
        assert redis.Redis.from_url(paths.embedded_redis_url(tmp_path)).lrange("render", 0, -1) == [b"queued"]


@pytest.mark.parametrize("words", ["DEBUG SLEEP 0", "MODULE LOAD /tmp/any.so", "CONFIG SET dir /tmp"])
def test_redis_lets_nobody_at_the_machine(place: Path, words: str) -> None:
    with command(place) as process:
        assert is_up(process)
        with pytest.raises(redis.ResponseError, match=r"not allowed|protected config"):
            redis.Redis.from_url(paths.embedded_redis_url(place)).execute_command(*words.split())


def test_the_application_is_no_superuser_and_owns_what_an_earlier_version_made(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        administrator = paths.embedded_database_url(place).replace("emotrace@", "postgres@")
        with closing(psycopg2.connect(administrator)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("ALTER DATABASE emotrace OWNER TO postgres; CREATE TABLE earlier (number serial)")
            cursor.execute("CREATE FUNCTION old() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        end(process)
    with command(place) as process:
        assert is_up(process)
        assert query(place, "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user") == [
            ("emotrace", False)
        ]
        query(place, "INSERT INTO earlier VALUES (DEFAULT); ALTER TABLE earlier ADD COLUMN more int; SELECT 1")
        query(place, "DROP FUNCTION old; DROP TABLE earlier; SELECT 1")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(place, "COPY (SELECT 1) TO PROGRAM 'true'; SELECT 1")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(place, "GRANT pg_execute_server_program TO emotrace")
        end(process)


def test_a_killed_command_leaves_no_server_behind(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        process.kill()
        assert gone(place)


def test_servers_come_back_after_everything_was_killed(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        kill_everything(place, process)
        assert gone(place)
    assert (place / "postgres" / "postmaster.pid").exists(), "the kill has to leave something to recover from"
    with command(place) as process:
        assert is_up(process)
        end(process)


def test_a_server_that_dies_is_started_again(place: Path) -> None:
    with command(place) as process:
        assert is_up(process)
        (victim,) = (each for each in servers_of(place) if each.name() == "valkey-server")
        victim.kill()
        assert eventually(lambda: not victim.is_running() and is_answering(place))


def test_one_that_hangs_is_waited_for_by_nobody(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "START_SECONDS", 0)
    monkeypatch.setenv("EMOTRACE_DATA_DIR", str(place))
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with command(place) as process:
        assert is_up(process)
        server = next(each for each in servers_of(place) if Path(each.cwd()) == place / "redis")
        server.suspend()
        lifecycle.restart_if_dead()
        server.resume()
        assert eventually(lambda: is_answering(place))
        end(process)
    assert gone(place)


def test_a_database_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with command(tmp_path) as process:
        assert is_up(process)


def test_places_run_side_by_side_even_where_their_paths_are_too_long_for_sockets(place: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    with command(place) as process, command(deep) as other:
        assert is_up(process) and is_up(other)
        assert len(str(paths.socket_dir(deep))) < len(str(deep))
        query(deep, "CREATE TABLE kept_apart ()")
        assert query(place, "SELECT to_regclass('kept_apart')") == [(None,)]


def test_sockets_are_for_their_user_alone(place: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    for directory in (place, deep):
        with command(directory) as process:
            assert is_up(process)
            for name in ("postgres", "redis"):
                assert stat.S_IMODE((paths.socket_dir(directory) / name).stat().st_mode) == 0o700
    assert not place.stat().st_mode & stat.S_IRWXO


@pytest.mark.parametrize("trap", ["open", "link"])
def test_a_socket_directory_that_somebody_else_prepared_is_refused(tmp_path: Path, trap: str) -> None:
    deep = tmp_path / ("long" * 30)
    sockets = paths.socket_dir(deep)
    if trap == "open":
        sockets.mkdir()
        sockets.chmod(0o777)
    else:
        sockets.symlink_to(tmp_path)
    try:
        with command(deep) as process:
            _, errors = process.communicate()
        assert process.returncode == 1
        assert f"{sockets} is not a private directory" in errors
    finally:
        if trap == "link":
            sockets.unlink()
        else:
            sockets.rmdir()


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = paths.load_secret_key(tmp_path / "var")
    assert len(key) >= 64
    assert paths.load_secret_key(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600


ADMINISTRATION = """
import sys
import django.core.management
import manage
django.core.management.execute_from_command_line = lambda arguments: None
sys.argv = ["manage.py", "check"]
manage.main()
"""


def told(folder: str) -> str:
    """What an administrative command says before Django is even set up."""
    with python(["-c", ADMINISTRATION], {"EMOTRACE_DATA_DIR": folder}) as process:
        said = process.communicate()[1]
    assert process.returncode == 0
    return said


def test_a_command_that_names_no_folder_warns_while_another_ones_servers_run(place: Path) -> None:
    with command(place) as user:
        assert is_up(user)
        assert eventually(lambda: place in running.running_data_dirs())
        said = told("")
        assert said.startswith("warning: EMOTRACE_DATA_DIR is not set")
        assert str(place) in said
        assert told(str(place)) == ""
        end(user)
    assert str(place) not in told("")


def test_a_folder_whose_keeper_was_killed_is_not_named(tmp_path: Path) -> None:
    with command(tmp_path) as user:
        assert is_up(user)
        assert eventually(lambda: tmp_path in running.running_data_dirs())
        kill_everything(tmp_path, user)
        assert eventually(lambda: tmp_path not in running.running_data_dirs())
