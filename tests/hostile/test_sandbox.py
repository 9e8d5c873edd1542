"""Whatever the reader of a file does, the process that had it read goes on, and nothing of it stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from inference.errors import Code, InputError
from inference.sandbox import client, limits
from tests.hostile import readers
from tests.hostile.conftest import Listener

PROJECT = Path(__file__).parents[2]


def gone(pid: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def refused(call: Callable[[], object]) -> Code:
    with pytest.raises(InputError) as refusal:
        call()
    assert refusal.value.message.endswith(".")
    return refusal.value.code


def test_each_call_has_a_process_and_a_group_of_its_own_which_ends_with_it() -> None:
    (one, group), (other, _) = readers.who(), readers.who()
    assert one == group != other and os.getpid() not in (one, other)
    assert gone(one) and gone(other)


@pytest.mark.parametrize(
    ("reader", "code"),
    [
        (readers.hang, Code.TOO_COSTLY),
        (readers.spin, Code.TOO_COSTLY),
        (readers.eat, Code.TOO_COSTLY),
        (readers.crash, Code.READER_CRASHED),
        (readers.abort, Code.READER_CRASHED),
        (readers.leave, Code.READER_CRASHED),
        (readers.fail, Code.READER_CRASHED),
        (readers.lie, Code.READER_CRASHED),
        (lambda: list(readers.stop_between()), Code.READER_CRASHED),
        (lambda: list(readers.strings()), Code.READER_CRASHED),
    ],
    ids=["hangs", "spins", "eats memory", "crashes", "aborts", "leaves", "fails", "lies", "stops between", "strings"],
)
def test_what_goes_wrong_in_a_reader_is_a_refusal_and_no_more(reader: Callable[[], object], code: Code) -> None:
    assert refused(reader) is code
    assert readers.who()


def test_it_reaches_nobody(listener: Listener) -> None:
    assert not readers.dial(listener.port)
    assert not listener.heard()


def test_it_writes_no_file(tmp_path: Path) -> None:
    assert refused(lambda: readers.write(tmp_path / "new")) is Code.READER_CRASHED
    assert not (tmp_path / "new").exists() or (tmp_path / "new").stat().st_size == 0


def test_it_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert not {"SECRET_KEY", "DATABASE_URL", "EMOTRACE_DATA_DIR"} & set(readers.environment())


def test_it_starts_nothing() -> None:
    assert refused(readers.start) is Code.READER_CRASHED


@pytest.mark.parametrize("missing", [("landlock",), ("seccomp",), ("landlock", "seccomp")])
def test_where_the_system_cannot_confine_nothing_is_read_unless_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    monkeypatch.setattr(limits, "missing_protections", lambda: missing)
    with pytest.raises(limits.SandboxError, match=f"no {missing[0]}"):
        readers.who()
    monkeypatch.setenv("EMOTRACE_SANDBOX_WITHOUT", ",".join(missing))
    assert readers.who()


def test_a_reader_that_nobody_listens_to_any_more_is_ended() -> None:
    stream = readers.wait_then_say(Path())
    pid = int(next(stream)[0])
    stream.close()  # type: ignore[attr-defined]
    assert gone(pid)


def test_arrays_come_as_they_were_sent() -> None:
    for values in readers.echo([1.5, float("nan"), float("inf")], 3):
        np.testing.assert_array_equal(values, [1.5, float("nan"), float("inf")])
    assert len(list(readers.echo([], 2))) == 2


def test_many_are_read_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({pid for pid, _ in pool.map(lambda _: readers.who(), range(24))}) == 24


def test_a_template_that_was_killed_is_started_anew() -> None:
    readers.who()
    template = client._server
    assert template is not None
    template._process.kill()
    template._process.wait()
    assert readers.who()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_process_that_reads_is_killed(how: signal.Signals) -> None:
    script = "\n".join(
        [
            "from pathlib import Path",
            "from inference.sandbox import client",
            "from tests.hostile import readers",
            "reader = readers.wait_then_say(Path())",
            "print(int(next(reader)[0]), client._server._process.pid, flush=True)",
            "next(reader)",
        ]
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child, template = map(int, process.stdout.readline().split())
        process.send_signal(how)
        process.wait()
        assert gone(child) and gone(template)


def test_nothing_is_left_when_the_template_is_killed() -> None:
    stream = readers.wait_then_say(Path())
    pid = int(next(stream)[0])
    template = client._server
    assert template is not None
    template._process.kill()
    assert gone(pid)
    assert refused(lambda: next(stream)) in (Code.TOO_COSTLY, Code.READER_CRASHED)


def test_a_fork_of_the_process_has_a_template_of_its_own() -> None:
    mine, _ = readers.who(), client._server
    pid = os.fork()
    if pid == 0:
        os._exit(0 if readers.who() != mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert readers.who()
