"""The protocol of a sandboxed call over a socket.

A message is its length and MessagePack of one of the types below; an array's bytes follow its header. Messages of a
child are as untrusted as the file that it reads: types, sizes and lengths are checked.
"""

import math
import os
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

MAX_MESSAGE_BYTES = 16 * 2**20
MAX_ARRAY_BYTES = 2**30
_LENGTH = struct.Struct("<I")


class Request(msgspec.Struct, tag=True):
    """Call `function` of `module` with `arguments`, whose types are those of its signature."""

    module: str
    function: str
    arguments: msgspec.Raw
    memory: int
    cpu_s: int


class ReturnValue(msgspec.Struct, tag=True):
    """The value that the function returned."""

    value: msgspec.Raw


class ArrayHeader(msgspec.Struct, tag=True):
    """An array of this type and shape follows."""

    dtype: str
    shape: tuple[int, ...]


class EndOfStream(msgspec.Struct, tag=True):
    """No more arrays follow."""


class InputErrorReply(msgspec.Struct, tag=True):
    """The function raised an InputError."""

    code: str
    message: str
    file: str | None


class OutOfMemoryReply(msgspec.Struct, tag=True):
    """The function ran out of memory."""


class FailureReply(msgspec.Struct, tag=True):
    """The function raised another exception; `report` is for the log."""

    report: str


Message = Request | ReturnValue | ArrayHeader | EndOfStream | InputErrorReply | OutOfMemoryReply | FailureReply


class Connection:
    """One end of a call. Methods raise EOFError where the other end is gone, TimeoutError, ValueError."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @property
    def descriptor(self) -> int:
        """File descriptor of the socket."""
        return self._end.fileno()

    def send(self, message: Message) -> None:
        """Send a message."""
        data = msgspec.msgpack.encode(message)
        self._end.sendall(_LENGTH.pack(len(data)) + data)

    def send_array(self, values: np.ndarray) -> None:
        """Send the header and the values of an array."""
        self.send(ArrayHeader(values.dtype.str, values.shape))
        self._end.sendall(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)

    def receive(self, timeout_s: float | None = None) -> Message:
        """Return the next message. Raises TimeoutError after `timeout_s`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._fill(bytearray(_LENGTH.size), deadline))
        if length > MAX_MESSAGE_BYTES:
            raise ValueError("a message that is too long")
        message: Message = msgspec.msgpack.decode(self._fill(bytearray(length), deadline), type=Message)
        return message

    def receive_array(self, header: ArrayHeader, timeout_s: float) -> np.ndarray:
        """Return the array that follows its header."""
        dtype = np.dtype(header.dtype)
        if dtype.kind not in "iuf" or min(header.shape, default=0) < 0:
            raise ValueError("an array of anything but numbers")
        if math.prod(header.shape) * dtype.itemsize > MAX_ARRAY_BYTES:
            raise ValueError("an array that is too large")
        values = np.empty(header.shape, dtype)
        self._fill(values.reshape(-1).view(np.uint8).data, time.monotonic() + timeout_s)
        return values

    def _fill(self, target: Any, deadline: float | None) -> Any:
        left = memoryview(target)
        while left:
            self._end.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
            count = self._end.recv_into(left)
            if not count:
                raise EOFError
            left = left[count:]
        return target


def encode(value: Any) -> msgspec.Raw:
    """Return a value as MessagePack."""
    return msgspec.Raw(msgspec.msgpack.encode(value, enc_hook=_to_plain))


def decode(value: msgspec.Raw, kind: Any) -> Any:
    """Return the value of type `kind` in the MessagePack. Raises ValueError where it is not one."""
    return msgspec.msgpack.decode(value, type=kind, dec_hook=lambda kind, plain: kind(os.fsdecode(plain)))


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return os.fsencode(value.absolute())  # the sandbox has another working folder
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not sent")
