"""The process that the others are forked from: `python -m inference.sandbox.template`, standard input a socket.

A datagram with a socket in it: fork a child that serves the call on that socket; the answer is the child's id. A
datagram with an id: end that child, whatever it does, with all it may have started; the answer is how it ended, as
waitpid has it. The end of the socket: end them all.
"""

import gc
import importlib
import inspect
import os
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from inference.errors import InputError
from inference.sandbox import calls
from inference.sandbox.confine import Allowance, prepare
from inference.sandbox.wire import End, Failure, OutOfMemory, Refusal, Request, Value, Wire, decoded, encoded

LOADED = ("h5py", "inference.inputs", "inference.media.decode", "inference.media.tracks")
WRITTEN = 0  # bytes: a reader writes no file


def main() -> None:
    for module in LOADED:
        importlib.import_module(module)
    prepare(Allowance(0, 0, 0), os.getpid()).close()  # what it looks up once, its children need not
    gc.freeze()
    control = socket.socket(fileno=0)
    children: set[int] = set()
    try:
        while True:
            command, sockets, _, _ = socket.recv_fds(control, 32, 1)
            if sockets:
                children.add(child := _forked(control, socket.socket(fileno=sockets[0])))
                control.send(str(child).encode())
            elif command:
                children.remove(child := int(command))
                control.send(str(_ended(child)).encode())
            else:
                return
    except OSError:  # nobody is there any more
        pass
    finally:
        for child in children:
            _ended(child)


def _forked(control: socket.socket, end: socket.socket) -> int:
    template = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            control.close()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a decoder complains of helps nobody
            _serve(Wire(end), template)
        finally:
            os._exit(1)
    with suppress(OSError):
        os.setpgid(child, child)  # both say so: neither knows who is first
    end.close()
    return child


def _ended(child: int) -> int:
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _serve(wire: Wire, template: int) -> None:
    request = wire.receive()
    assert isinstance(request, Request)
    try:
        function = getattr(importlib.import_module(request.module), request.function)
        arguments = decoded(request.arguments, calls.parameters(function))
        allowed = Allowance(request.memory, WRITTEN, request.cpu_s, read=list(_paths(arguments)))
        prepare(allowed, template).enter(kept=(1, 2, wire.descriptor))
        calls.inside = True
        _answer(wire, function, arguments)
    except InputError as error:
        wire.send(Refusal(error.code, error.message, error.file))
    except MemoryError:
        wire.send(OutOfMemory())
    except Exception:
        wire.send(Failure(traceback.format_exc()[-4000:]))
    os._exit(0)


def _paths(value: Any) -> Iterator[Path]:
    """Every path among the arguments of a call: what it is to read."""
    if isinstance(value, Path):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _paths([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _paths(each)


def _answer(wire: Wire, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if not inspect.isgeneratorfunction(inspect.unwrap(function)):
        wire.send(Value(encoded(function(*arguments))))
        return
    for values in function(*arguments):
        wire.send_array(values)
    wire.send(End())


if __name__ == "__main__":
    main()
