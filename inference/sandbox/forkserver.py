"""The process that the others are forked from: `python -m inference.sandbox.forkserver`, standard input a socket.

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
from inference.sandbox import client
from inference.sandbox.limits import Permissions, prepare_confinement
from inference.sandbox.protocol import (
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

PRELOADED = ("h5py", "inference.validation", "inference.media.decode", "inference.media.tracks")
MAX_WRITTEN_BYTES = 0  # bytes: a reader writes no file


def main() -> None:
    for module in PRELOADED:
        importlib.import_module(module)
    prepare_confinement(Permissions(0, 0, 0), os.getpid()).close()  # what it looks up once, its children need not
    gc.freeze()
    control = socket.socket(fileno=0)
    children: set[int] = set()
    try:
        while True:
            command, sockets, _, _ = socket.recv_fds(control, 32, 1)
            if sockets:
                children.add(child := _fork_child(control, socket.socket(fileno=sockets[0])))
                control.send(str(child).encode())
            elif command:
                children.remove(child := int(command))
                control.send(str(_end_child(child)).encode())
            else:
                return
    except OSError:  # nobody is there any more
        pass
    finally:
        for child in children:
            _end_child(child)


def _fork_child(control: socket.socket, end: socket.socket) -> int:
    template = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            control.close()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a decoder complains of helps nobody
            _serve_call(Connection(end), template)
        finally:
            os._exit(1)
    with suppress(OSError):
        os.setpgid(child, child)  # both say so: neither knows who is first
    end.close()
    return child


def _end_child(child: int) -> int:
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _serve_call(wire: Connection, template: int) -> None:
    request = wire.receive()
    assert isinstance(request, Request)
    try:
        function = getattr(importlib.import_module(request.module), request.function)
        arguments = decode(request.arguments, client.argument_types(function))
        allowed = Permissions(request.memory, MAX_WRITTEN_BYTES, request.cpu_s, read=list(_paths(arguments)))
        prepare_confinement(allowed, template).enter(kept=(1, 2, wire.descriptor))
        client.in_sandbox = True
        _send_result(wire, function, arguments)
    except InputError as error:
        wire.send(InputErrorReply(error.code, error.message, error.file))
    except MemoryError:
        wire.send(OutOfMemoryReply())
    except Exception:
        wire.send(FailureReply(traceback.format_exc()[-4000:]))
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


def _send_result(wire: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if not inspect.isgeneratorfunction(inspect.unwrap(function)):
        wire.send(ReturnValue(encode(function(*arguments))))
        return
    for values in function(*arguments):
        wire.send_array(values)
    wire.send(EndOfStream())


if __name__ == "__main__":
    main()
