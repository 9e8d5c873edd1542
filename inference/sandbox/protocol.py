"""What the two sides of a call say to each other over a socket.

A message is its length, then MessagePack of one of the types below; an array's bytes follow it. What comes from a
child is judged as it would be from the stranger whose file it reads: types, sizes and lengths are checked.
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

MAX_MESSAGE_BYTES = 16 * 2**20  # bytes of a message
MAX_ARRAY_BYTES = 2**30  # bytes of an array
_LENGTH = struct.Struct("<I")


class Request(msgspec.Struct, tag=True):
    """Call `function` of `module` with `arguments`, which its signature says how to read."""

    module: str
    function: str
    arguments: msgspec.Raw
    memory: int
    cpu_s: int


class ReturnValue(msgspec.Struct, tag=True):
    value: msgspec.Raw


class ArrayHeader(msgspec.Struct, tag=True):
    """Values of this type and shape follow."""

    dtype: str
    shape: tuple[int, ...]


class EndOfStream(msgspec.Struct, tag=True):
    """There are no more arrays."""


class InputErrorReply(msgspec.Struct, tag=True):
    """An InputError."""

    code: str
    message: str
    file: str | None


class OutOfMemoryReply(msgspec.Struct, tag=True):
    pass


class FailureReply(msgspec.Struct, tag=True):
    """Any other exception, for the log."""

    report: str


Message = Request | ReturnValue | ArrayHeader | EndOfStream | InputErrorReply | OutOfMemoryReply | FailureReply


class Connection:
    """One end. Raises EOFError where the other end is gone, TimeoutError, ValueError for what is no message."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @property
    def descriptor(self) -> int:
        return self._end.fileno()

    def send(self, message: Message) -> None:
        told = msgspec.msgpack.encode(message)
        self._end.sendall(_LENGTH.pack(len(told)) + told)

    def send_array(self, values: np.ndarray) -> None:
        self.send(ArrayHeader(values.dtype.str, values.shape))
        self._end.sendall(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)

    def receive(self, patience_s: float | None = None) -> Message:
        """The next message, if it comes within `patience_s`."""
        deadline = None if patience_s is None else time.monotonic() + patience_s
        (length,) = _LENGTH.unpack(self._filled(bytearray(_LENGTH.size), deadline))
        if length > MAX_MESSAGE_BYTES:
            raise ValueError("a message that is too long")
        return msgspec.msgpack.decode(self._filled(bytearray(length), deadline), type=Message)

    def receive_array(self, announced: ArrayHeader, patience_s: float) -> np.ndarray:
        dtype = np.dtype(announced.dtype)
        if dtype.kind not in "iuf" or min(announced.shape, default=0) < 0:
            raise ValueError("an array of anything but numbers")
        if math.prod(announced.shape) * dtype.itemsize > MAX_ARRAY_BYTES:
            raise ValueError("an array that is too large")
        values = np.empty(announced.shape, dtype)
        self._filled(values.reshape(-1).view(np.uint8).data, time.monotonic() + patience_s)
        return values

    def _filled(self, target: Any, deadline: float | None) -> Any:
        left = memoryview(target)
        while left:
            self._end.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
            count = self._end.recv_into(left)
            if not count:
                raise EOFError
            left = left[count:]
        return target


def encode(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value, enc_hook=_to_plain))


def decode(value: msgspec.Raw, kind: Any) -> Any:
    """What `encoded` made of a value of type `kind`. Raises ValueError where it is of none."""
    return msgspec.msgpack.decode(value, type=kind, dec_hook=lambda kind, plain: kind(os.fsdecode(plain)))


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return os.fsencode(value.absolute())  # the sandbox works in another folder
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not sent")
