"""The format of encrypted files: a header, then chunks that are encrypted one by one (AES-256-GCM).

    header   magic 8 | the master key's id 8 | length 8 | nonce 12 | the file's own key, wrapped by the master key 48
    chunk    nonce 12 | ciphertext of CHUNK_BYTES, fewer in the last chunk | tag 16

The header is authenticated with the file's name and length, a chunk with its index: a file that was truncated, moved,
reordered or changed cannot be decrypted. Nonces are random, so that a file's last chunk can be written again.
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
OVERHEAD_BYTES = NONCE_BYTES + 16
ENCRYPTED_CHUNK_BYTES = CHUNK_BYTES + OVERHEAD_BYTES
PREFIX = struct.Struct(">8s8sQ")
HEADER_BYTES = PREFIX.size + OVERHEAD_BYTES + KEY_BYTES
OPEN_ENDED = 2**64 - 1  # the length in the header of a file that can be appended to

Keys = tuple[bytes, ...]
"""Master keys, newest first: the newest encrypts, all of them decrypt."""


def key_id(key: bytes) -> bytes:
    """The first 8 bytes of a hash of the master key."""
    return hashlib.sha256(b"emotrace media key" + key).digest()[:8]


def new_header(name: str, length: int, keys: Keys) -> tuple[bytes, AESGCM]:
    """A new file's header and the cipher of its chunks."""
    return _wrap(name, length, AESGCM.generate_key(8 * KEY_BYTES), keys)


def read_header(head: bytes, name: str, keys: Keys) -> tuple[int, AESGCM]:
    """A file's length in bytes and the cipher of its chunks. Raises RequestError(MEDIA_KEY | MEDIA_DAMAGED)."""
    length, secret = _unwrap(head, name, keys)
    return length, AESGCM(secret)


def header_key_id(head: bytes) -> bytes:
    """The id of the master key in a header."""
    return bytes(head[len(MAGIC) : len(MAGIC) + 8])


def rewrap(raw: IO[bytes], name: str, renamed: str, keys: Keys) -> Iterator[bytes]:
    """The same encrypted file under another name and the newest key: only the header changes."""
    length, secret = _unwrap(raw.read(HEADER_BYTES), name, keys)
    yield _wrap(renamed, length, secret, keys)[0]
    while piece := raw.read(ENCRYPTED_CHUNK_BYTES):
        yield piece


def encrypt(content: IO[bytes], length: int, name: str, keys: Keys) -> Iterator[bytes]:
    """Yield the encrypted file of `length` bytes of content. Raises OSError where the content is shorter."""
    head, cipher = new_header(name, length, keys)
    yield head
    for index in range(-(-length // CHUNK_BYTES)):
        expected = min(CHUNK_BYTES, length - index * CHUNK_BYTES)
        chunk = content.read(expected)
        if len(chunk) != expected:
            raise OSError(f"{name} became shorter while it was read")
        yield encrypt_chunk(cipher, index, chunk)


def encrypt_chunk(cipher: AESGCM, index: int, chunk: bytes) -> bytes:
    """A nonce, the ciphertext and its tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, chunk, struct.pack(">Q", index))


def decrypt_chunk(cipher: AESGCM, index: int, piece: bytes) -> bytes:
    """Raises InvalidTag."""
    return cipher.decrypt(piece[:NONCE_BYTES], piece[NONCE_BYTES:], struct.pack(">Q", index))


def encrypted_size(length: int) -> int:
    """Bytes of the encrypted file of `length` bytes of plaintext."""
    return HEADER_BYTES + length + OVERHEAD_BYTES * -(-length // CHUNK_BYTES)


def plaintext_size(size: int) -> int:
    """Bytes of plaintext in an encrypted file of `size` bytes."""
    body = max(0, size - HEADER_BYTES)
    return max(0, body - OVERHEAD_BYTES * -(-body // ENCRYPTED_CHUNK_BYTES))


def damaged_error(name: str) -> RequestError:
    """The error where a file cannot be decrypted."""
    return RequestError(WebCode.MEDIA_DAMAGED, f"A file is not what was kept: tell the operator its name, {name}.")


class DecryptingReader(io.RawIOBase):
    """A seekable reader of an encrypted file's plaintext. Raises RequestError(MEDIA_KEY | MEDIA_DAMAGED)."""

    def __init__(self, raw: IO[bytes], name: str, keys: Keys) -> None:
        self._raw, self._name = raw, name
        raw.seek(0)
        length, self._cipher = read_header(raw.read(HEADER_BYTES), name, keys)
        size = raw.seek(0, io.SEEK_END)
        self.length = plaintext_size(size) if length == OPEN_ENDED else length
        if size != encrypted_size(self.length):
            raise damaged_error(name)
        self._position = 0
        self._index, self._chunk = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        )
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self.length:
            return 0
        index, inside = divmod(self._position, CHUNK_BYTES)
        if index != self._index:
            self._raw.seek(HEADER_BYTES + index * ENCRYPTED_CHUNK_BYTES)
            try:
                self._index, self._chunk = (
                    index,
                    decrypt_chunk(self._cipher, index, self._raw.read(ENCRYPTED_CHUNK_BYTES)),
                )
            except InvalidTag:
                raise damaged_error(self._name) from None
        piece = self._chunk[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._raw.close()
        super().close()


class AppendableEncryptedFile:
    """An encrypted file that is written at its end, with a file's methods. Data that is not flushed may be lost."""

    def __init__(self, file: BinaryIO, name: str, keys: Keys) -> None:
        self._file, self._tail = file, bytearray()
        self._whole = 0  # complete chunks before the tail
        size = file.seek(0, io.SEEK_END)
        if size < HEADER_BYTES:
            head, self._cipher = new_header(name, OPEN_ENDED, keys)
            file.truncate(0)
            file.seek(0)
            file.write(head)
            size = HEADER_BYTES
        else:
            file.seek(0)
            _, self._cipher = read_header(file.read(HEADER_BYTES), name, keys)
        self._size = plaintext_size(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The size: the position is always the end."""
        return self._size

    def truncate(self, size: int) -> int:
        """Keep the first `size` bytes, or fewer where a loss of power left the last chunk half written."""
        self._whole, rest = divmod(min(size, self._size), CHUNK_BYTES)
        self._file.seek(self._offset())
        piece = self._file.read(ENCRYPTED_CHUNK_BYTES) if rest else b""
        try:
            self._tail = bytearray(decrypt_chunk(self._cipher, self._whole, piece)[:rest] if rest else b"")
        except InvalidTag:
            self._tail = bytearray()
        self._file.truncate(self._offset())
        self._size = self._whole * CHUNK_BYTES + len(self._tail)
        self.flush()
        return self._size

    def write(self, data: bytes) -> int:
        self._tail += data
        self._size += len(data)
        while len(self._tail) >= CHUNK_BYTES:
            self._write_chunk(bytes(self._tail[:CHUNK_BYTES]))
            self._whole += 1
            del self._tail[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        if self._tail:
            self._write_chunk(bytes(self._tail))
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def _write_chunk(self, chunk: bytes) -> None:
        self._file.seek(self._offset())
        self._file.write(encrypt_chunk(self._cipher, self._whole, chunk))

    def _offset(self) -> int:
        return HEADER_BYTES + self._whole * ENCRYPTED_CHUNK_BYTES


def _wrap(name: str, length: int, secret: bytes, keys: Keys) -> tuple[bytes, AESGCM]:
    prefix, nonce = PREFIX.pack(MAGIC, key_id(keys[0]), length), os.urandom(NONCE_BYTES)
    return prefix + nonce + AESGCM(keys[0]).encrypt(nonce, secret, prefix + name.encode()), AESGCM(secret)


def _unwrap(head: bytes, name: str, keys: Keys) -> tuple[int, bytes]:
    if len(head) != HEADER_BYTES or not head.startswith(MAGIC):
        raise damaged_error(name)
    prefix, wrapped = head[: PREFIX.size], head[PREFIX.size :]
    master = _ciphers_by_id(keys).get(header_key_id(head))
    if master is None:
        raise RequestError(
            WebCode.MEDIA_KEY,
            "The server does not have the key that this file was encrypted with. Nothing is lost: tell its operator.",
        )
    try:
        secret = master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], prefix + name.encode())
    except InvalidTag:
        raise damaged_error(name) from None
    return PREFIX.unpack(prefix)[2], secret


@lru_cache(maxsize=8)
def _ciphers_by_id(keys: Keys) -> dict[bytes, AESGCM]:
    return {key_id(key): AESGCM(key) for key in keys}
