"""The fork server: `python -m inference.sandbox.forkserver`, with a socket as standard input.

A datagram with a socket asks for a child that serves the call on that socket; the reply is the child's id. A datagram
with an id asks to kill that child and its process group; the reply is its wait status. The end of the socket kills all.
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

PRELOADED = ("h5py", "scipy.signal", "inference.validation", "inference.media.decode", "inference.media.tracks")
MAX_WRITTEN_BYTES = 0  # a child writes no file


def main() -> None:
    """Serve requests until the socket is closed."""
    for module in PRELOADED:
        importlib.import_module(module)
    prepare_confinement(Permissions(0, 0, 0), os.getpid()).close()  # fills caches for the children
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
    except OSError:  # the client is gone
        pass
    finally:
        for child in children:
            _end_child(child)


def _fork_child(control: socket.socket, end: socket.socket) -> int:
    server = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            control.close()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # messages of decoders
            _serve_call(Connection(end), server)
        finally:
            os._exit(1)
    with suppress(OSError):
        os.setpgid(child, child)  # parent and child both set it: either may run first
    end.close()
    return child


def _end_child(child: int) -> int:
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _serve_call(connection: Connection, parent: int) -> None:
    request = connection.receive()
    assert isinstance(request, Request)
    try:
        function = getattr(importlib.import_module(request.module), request.function)
        arguments = decode(request.arguments, client.argument_types(function))
        allowed = Permissions(request.memory, MAX_WRITTEN_BYTES, request.cpu_s, read=list(_paths(arguments)))
        prepare_confinement(allowed, parent).enter(kept=(1, 2, connection.descriptor))
        client.in_sandbox = True
        _send_result(connection, function, arguments)
    except InputError as error:
        connection.send(InputErrorReply(error.code, error.message, error.file))
    except MemoryError:
        connection.send(OutOfMemoryReply())
    except Exception:
        connection.send(FailureReply(traceback.format_exc()[-4000:]))
    os._exit(0)


def _paths(value: Any) -> Iterator[Path]:
    """Yield every path among the arguments of a call: the files that it may read."""
    if isinstance(value, Path):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _paths([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _paths(each)


def _send_result(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if not inspect.isgeneratorfunction(inspect.unwrap(function)):
        connection.send(ReturnValue(encode(function(*arguments))))
        return
    for values in function(*arguments):
        connection.send_array(values)
    connection.send(EndOfStream())


if __name__ == "__main__":
    main()
