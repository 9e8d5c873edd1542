"""`manage.py serve` runs the whole application in the foreground and leaves nothing behind."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import psutil
import pytest
import requests

from tests.integration.processes import alive, descendants, eventually, python

pytestmark = pytest.mark.extended


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(place: Path, port: int) -> AbstractContextManager[subprocess.Popen[str]]:
    return python(["manage.py", "serve"], {"EMOTRACE_DATA_DIR": str(place), "PORT": str(port)})


def healthy(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json() == {"ready": True, "failing": []}
    except requests.RequestException:
        return False


def wait_for(process: subprocess.Popen[str], port: int) -> None:
    """Until web, workers and reaper are there; what they said instead otherwise."""
    if not eventually(lambda: healthy(port) and len(psutil.Process(process.pid).children()) >= 4):
        process.terminate()
        pytest.fail("\n".join(process.communicate(timeout=60)))


def child(process: subprocess.Popen[str], word: str) -> psutil.Process | None:
    for each in alive(psutil.Process(process.pid).children()):
        if word in " ".join(each.cmdline()):
            return each
    return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One installation, its data kept from test to test."""
    yield tmp_path_factory.mktemp("served") / "var"


def test_the_first_start_names_an_administrator_and_ctrl_c_stops_everything(place: Path) -> None:
    port = free_port()
    with serve(place, port) as process:
        wait_for(process, port)
        requests.get(f"http://127.0.0.1:{port}/", timeout=60)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "log in as admin with the password" in output
    kept = place / "first-password.txt"
    assert kept.read_text().strip() in output.splitlines()[-2]  # the last line but that it has stopped
    assert '"event": "request"' in (place / "log" / "serve.log").read_text()
    assert '"event": "request"' not in output + errors
    assert kept.stat().st_mode & 0o777 == 0o600
    assert f"http://127.0.0.1:{port}/" in output
    assert len(started) >= 5  # web and its worker, two task workers, the reaper
    assert not alive(started)


def test_the_next_start_keeps_the_data_and_names_no_password_once_somebody_logged_in(place: Path) -> None:
    (place / "first-password.txt").unlink()  # as the first login does
    port = free_port()
    with serve(place, port) as process:
        wait_for(process, port)
        process.terminate()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "password" not in output


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[subprocess.Popen[str]]:
    """An installation for the tests from here on; the last of them kills it."""
    port = free_port()
    with serve(place, port) as process:
        wait_for(process, port)
        yield process


def test_a_worker_that_dies_is_started_again(running: subprocess.Popen[str]) -> None:
    first = child(running, "--queues inference")
    assert first is not None
    first.kill()
    assert eventually(lambda: child(running, "--queues inference") not in (None, first))


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serve(tmp_path, port) as process:
            output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert f"Port {port} cannot be used" in errors


def test_installations_run_side_by_side(running: subprocess.Popen[str], tmp_path: Path) -> None:
    there = free_port()
    with serve(tmp_path / "var", there) as other:
        wait_for(other, there)
        assert running.poll() is None


def test_nothing_is_left_when_the_supervisor_itself_is_killed(running: subprocess.Popen[str]) -> None:
    started = descendants(running.pid)
    assert len(started) >= 5
    running.kill()
    assert eventually(lambda: not alive(started))
