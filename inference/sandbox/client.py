"""Calls of sandboxed functions from outside the sandbox."""

import atexit
import inspect
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

from inference.errors import Code, InputError
from inference.sandbox.limits import minimal_environment, require_protections
from inference.sandbox.protocol import (
    ArrayHeader,
    Connection,
    EndOfStream,
    FailureReply,
    InputErrorReply,
    OutOfMemoryReply,
    Request,
    ReturnValue,
    decode,
    encode,
)

Function = TypeVar("Function", bound=Callable[..., Any])

MEMORY_BYTES = 4 * 2**30  # address space; the largest EEG that is read takes 2 GiB, 8K video as much
TIMEOUT_S = 25.0  # without a result; then the child counts as hung
CPU_S = 6 * 3600  # of a child that yields results; two hours at 2160p take less
_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = minimal_environment() | {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": str(_ROOT),
}

in_sandbox = False  # True in a child, where a sandboxed function is called directly

logger = logging.getLogger(__name__)


def sandboxed(*, timeout: Callable[..., float] | None = None) -> Callable[[Function], Function]:
    """Decorate a function to run in a sandbox of its own for each call.

    The function returns one value of plain data, or yields arrays. `timeout` computes from its arguments the seconds
    that each result may take (TIMEOUT_S). A call raises the function's InputErrors and
    InputError(TOO_COSTLY | READER_CRASHED).
    """

    def wrap(function: Function) -> Function:
        def call(*args: Any, **kwargs: Any) -> "_Call":
            timeout_s = timeout(*args, **kwargs) if timeout else TIMEOUT_S
            bound = inspect.signature(function).bind(*args, **kwargs)
            bound.apply_defaults()
            return _Call(function, bound.args, timeout_s)

        @wraps(function)
        def value(*args: Any, **kwargs: Any) -> Any:
            if in_sandbox:
                return function(*args, **kwargs)
            with call(*args, **kwargs) as running:
                return running.value()

        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            if in_sandbox:
                yield from function(*args, **kwargs)
                return
            with call(*args, **kwargs) as running:
                yield from running.arrays()

        return cast(Function, stream if inspect.isgeneratorfunction(function) else value)

    return wrap


def argument_types(function: Callable[..., Any]) -> Any:
    """Return the type of a function's arguments, as one tuple."""
    hints = get_type_hints(function)
    return tuple[tuple(hints[name] for name in inspect.signature(function).parameters)]  # type: ignore[misc]


class _Call:
    """One call, from the fork of the child to its end."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], timeout_s: float) -> None:
        self._function = function
        self._timeout_s = timeout_s
        cpu_s = CPU_S if inspect.isgeneratorfunction(function) else int(timeout_s) + 1
        payload = encode(list(arguments))
        self._request = Request(function.__module__, function.__name__, payload, MEMORY_BYTES, cpu_s)

    def __enter__(self) -> "_Call":
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._server, self._child = _fork(theirs)
        self._status: int | None = None
        self._connection = Connection(self._socket)
        self._guarded(lambda: self._connection.send(self._request))
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._end()

    def value(self) -> Any:
        answer = self._next()
        if not isinstance(answer, ReturnValue):
            raise self._crashed("no value")
        kind = get_type_hints(self._function)["return"]
        return self._guarded(lambda: decode(answer.value, kind))

    def arrays(self) -> Iterator[Any]:
        while isinstance(answer := self._next(), ArrayHeader):
            yield self._guarded(partial(self._connection.receive_array, answer, self._timeout_s))
        if not isinstance(answer, EndOfStream):
            raise self._crashed("no array")

    def _next(self) -> Any:
        answer = self._guarded(lambda: self._connection.receive(self._timeout_s))
        if isinstance(answer, InputErrorReply):
            raise InputError(self._guarded(lambda: Code(answer.code)), answer.message, answer.file)
        if isinstance(answer, OutOfMemoryReply):
            raise _too_costly_error()
        if isinstance(answer, FailureReply):
            raise self._crashed(answer.report)
        return answer

    def _guarded(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except TimeoutError as error:
            raise _too_costly_error() from error
        except (OSError, EOFError) as error:
            if self._end() in (signal.SIGXCPU, signal.SIGKILL):  # beyond the limits, or out of memory
                raise _too_costly_error() from error
            raise self._crashed(f"ended with {self._status}") from error
        except (ValueError, TypeError) as error:
            raise self._crashed(str(error)) from error

    def _end(self) -> int:
        if self._status is None:
            self._status = self._server.end(self._child)
        return os.WTERMSIG(self._status) if os.WIFSIGNALED(self._status) else 0

    def _crashed(self, report: str) -> InputError:
        logger.warning("reading with %s failed: %s", self._function.__name__, report)
        return InputError(
            Code.READER_CRASHED,
            "The file breaks the program that reads it. Export it again, as H.264 MP4, WAV or a plain MAT array.",
        )


def _too_costly_error() -> InputError:
    return InputError(
        Code.TOO_COSTLY,
        "Reading the file takes more time or memory than a recording may. Export it again, smaller or shorter.",
    )


class _ForkServer:
    """A running fork server; used by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "inference.sandbox.forkserver"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_ENVIRONMENT,
                start_new_session=True,
            )

    def fork(self, end: socket.socket) -> int:
        with self._lock:
            socket.send_fds(self._control, [b"fork"], [end.fileno()])
            return self._answer()

    def end(self, child: int) -> int:
        try:
            with self._lock:
                self._control.send(str(child).encode())
                return self._answer()
        except OSError:
            return signal.SIGKILL  # the fork server is gone, and its children with it

    def _answer(self) -> int:
        answer = self._control.recv(32)
        if not answer:
            raise BrokenPipeError
        return int(answer)

    def close(self) -> None:
        self.forget()
        self._process.wait()

    def forget(self) -> None:
        self._control.close()


_server: _ForkServer | None = None
_starting = threading.Lock()


@atexit.register
def _close() -> None:
    if _server is not None:
        _server.close()


def _forget_parent_server() -> None:
    """Close the connection in a fork of this process, which would keep its parent's server alive."""
    global _server, _starting
    if _server is not None:
        _server.forget()
    _server, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_parent_server)


def start() -> _ForkServer:
    """Start the fork server where it does not run, so that no call waits for what it imports. Raises SandboxError."""
    global _server
    require_protections()
    with _starting:
        _server = _server or _ForkServer()
        return _server


def _fork(end: socket.socket) -> tuple[_ForkServer, int]:
    """Fork a child of the server, which is started first where it does not run. Raises SandboxError."""
    global _server
    for _ in range(2):
        server = start()
        try:
            return server, server.fork(end)
        except OSError:
            with _starting:
                if _server is server:
                    server.close()
                    _server = None
    raise OSError("no process can be started to read the file")
