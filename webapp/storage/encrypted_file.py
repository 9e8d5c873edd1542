"""The form of sealed files: a header, then chunks that are encrypted one by one (AES-256-GCM).

    header   magic 8 | the master key's id 8 | length 8 | nonce 12 | the file's own key, wrapped by the master key 48
    chunk    nonce 12 | what CHUNK_BYTES of the file become, the last one fewer | tag 16

The header is bound to the file's name and length, a chunk by its number to its place: what was cut off, put
elsewhere, exchanged or changed does not open. Nonces are random, so that a file's last chunk can be written again.
"""

import hashlib
import io
import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webapp.core.errors import RequestError, WebCode

MAGIC = b"EMOSEAL\x01"
KEY_BYTES = 32
CHUNK_BYTES = 64 * 1024
NONCE_BYTES = 12
OVERHEAD = NONCE_BYTES + 16
SEALED_CHUNK = CHUNK_BYTES + OVERHEAD
ABOUT = struct.Struct(">8s8sQ")
HEADER_BYTES = ABOUT.size + OVERHEAD + KEY_BYTES
GROWING = 2**64 - 1  # the length of a file to which more is added

Keys = tuple[bytes, ...]
"""Master keys, the newest first: that one seals, each opens what it sealed."""


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"emotrace media key" + key).digest()[:8]


def header(name: str, length: int, keys: Keys) -> tuple[bytes, AESGCM]:
    """The beginning of a new file, and what its chunks are sealed with."""
    return _wrapped(name, length, AESGCM.generate_key(8 * KEY_BYTES), keys)


def read_header(head: bytes, name: str, keys: Keys) -> tuple[int, AESGCM]:
    """The length of a file, and what its chunks open with. Raises RequestError(MEDIA_KEY | MEDIA_DAMAGED)."""
    length, secret = _unwrapped(head, name, keys)
    return length, AESGCM(secret)


def sealed_with(head: bytes) -> bytes:
    """The id of the master key that a header names."""
    return bytes(head[len(MAGIC) : len(MAGIC) + 8])


def rewrapped(raw: IO[bytes], name: str, renamed: str, keys: Keys) -> Iterator[bytes]:
    """The same sealed content under another name and the newest key: only the header differs."""
    length, secret = _unwrapped(raw.read(HEADER_BYTES), name, keys)
    yield _wrapped(renamed, length, secret, keys)[0]
    while piece := raw.read(SEALED_CHUNK):
        yield piece


def sealed(content: IO[bytes], length: int, name: str, keys: Keys) -> Iterator[bytes]:
    head, cipher = header(name, length, keys)
    yield head
    for index in range(-(-length // CHUNK_BYTES)):
        expected = min(CHUNK_BYTES, length - index * CHUNK_BYTES)
        chunk = content.read(expected)
        if len(chunk) != expected:
            raise OSError(f"{name} became shorter while it was read")
        yield seal_chunk(cipher, index, chunk)


def seal_chunk(cipher: AESGCM, index: int, chunk: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, chunk, struct.pack(">Q", index))


def open_chunk(cipher: AESGCM, index: int, piece: bytes) -> bytes:
    """Raises InvalidTag."""
    return cipher.decrypt(piece[:NONCE_BYTES], piece[NONCE_BYTES:], struct.pack(">Q", index))


def sealed_size(length: int) -> int:
    return HEADER_BYTES + length + OVERHEAD * -(-length // CHUNK_BYTES)


def opened_size(size: int) -> int:
    body = max(0, size - HEADER_BYTES)
    return max(0, body - OVERHEAD * -(-body // SEALED_CHUNK))


def damaged(name: str) -> RequestError:
    return RequestError(WebCode.MEDIA_DAMAGED, f"A file is not what was kept: tell the operator its name, {name}.")


class Opened(io.RawIOBase):
    """What a sealed file holds, at any place of it. Raises RequestError(MEDIA_KEY | MEDIA_DAMAGED)."""

    def __init__(self, raw: IO[bytes], name: str, keys: Keys) -> None:
        self._raw, self._name = raw, name
        raw.seek(0)
        length, self._cipher = read_header(raw.read(HEADER_BYTES), name, keys)
        size = raw.seek(0, io.SEEK_END)
        self.length = opened_size(size) if length == GROWING else length
        if size != sealed_size(self.length):
            raise damaged(name)
        self._at = 0
        self._index, self._chunk = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self.length:
            return 0
        index, inside = divmod(self._at, CHUNK_BYTES)
        if index != self._index:
            self._raw.seek(HEADER_BYTES + index * SEALED_CHUNK)
            try:
                self._index, self._chunk = index, open_chunk(self._cipher, index, self._raw.read(SEALED_CHUNK))
            except InvalidTag:
                raise damaged(self._name) from None
        piece = self._chunk[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Growing:
    """A sealed file that more is added to, used like one that is open to write. What is not flushed may be lost."""

    def __init__(self, file: BinaryIO, name: str, keys: Keys) -> None:
        self._file, self._tail = file, bytearray()
        self._whole = 0  # chunks before the tail
        size = file.seek(0, io.SEEK_END)
        if size < HEADER_BYTES:
            head, self._cipher = header(name, GROWING, keys)
            file.truncate(0)
            file.seek(0)
            file.write(head)
            size = HEADER_BYTES
        else:
            file.seek(0)
            _, self._cipher = read_header(file.read(HEADER_BYTES), name, keys)
        self._size = opened_size(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The size, for that is where it stands: always at its end."""
        return self._size

    def truncate(self, size: int) -> int:
        """Keep the first bytes: fewer than `size` where a loss of power left the last chunk half written."""
        self._whole, rest = divmod(min(size, self._size), CHUNK_BYTES)
        self._file.seek(self._place())
        piece = self._file.read(SEALED_CHUNK) if rest else b""
        try:
            self._tail = bytearray(open_chunk(self._cipher, self._whole, piece)[:rest] if rest else b"")
        except InvalidTag:
            self._tail = bytearray()
        self._file.truncate(self._place())
        self._size = self._whole * CHUNK_BYTES + len(self._tail)
        self.flush()
        return self._size

    def write(self, data: bytes) -> int:
        self._tail += data
        self._size += len(data)
        while len(self._tail) >= CHUNK_BYTES:
            self._put(bytes(self._tail[:CHUNK_BYTES]))
            self._whole += 1
            del self._tail[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        if self._tail:
            self._put(bytes(self._tail))
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def _put(self, chunk: bytes) -> None:
        self._file.seek(self._place())
        self._file.write(seal_chunk(self._cipher, self._whole, chunk))

    def _place(self) -> int:
        return HEADER_BYTES + self._whole * SEALED_CHUNK


def _wrapped(name: str, length: int, secret: bytes, keys: Keys) -> tuple[bytes, AESGCM]:
    about, nonce = ABOUT.pack(MAGIC, key_id(keys[0]), length), os.urandom(NONCE_BYTES)
    return about + nonce + AESGCM(keys[0]).encrypt(nonce, secret, about + name.encode()), AESGCM(secret)


def _unwrapped(head: bytes, name: str, keys: Keys) -> tuple[int, bytes]:
    if len(head) != HEADER_BYTES or not head.startswith(MAGIC):
        raise damaged(name)
    about, wrapped = head[: ABOUT.size], head[ABOUT.size :]
    master = _by_id(keys).get(sealed_with(head))
    if master is None:
        raise RequestError(
            WebCode.MEDIA_KEY,
            "The server has not the key that this file was sealed with. Nothing is lost: tell its operator.",
        )
    try:
        secret = master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about + name.encode())
    except InvalidTag:
        raise damaged(name) from None
    return ABOUT.unpack(about)[2], secret


@lru_cache(maxsize=8)
def _by_id(keys: Keys) -> dict[bytes, AESGCM]:
    return {key_id(key): AESGCM(key) for key in keys}
