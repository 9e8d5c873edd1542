"""The form of sealed files: what was changed, cut off, exchanged or renamed does not open, and a part opens alone."""

import io
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import RequestError, WebCode
from webapp.storage import encrypted_file
from webapp.storage.encrypted_file import (
    CHUNK_BYTES,
    ENCRYPTED_CHUNK_BYTES,
    HEADER_BYTES,
    AppendableEncryptedFile,
    DecryptingReader,
)

OLD, NEW = bytes(range(32)), bytes(reversed(range(32)))
NAME = "recordings/a/b.mp4-sealed"
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]
CONTENT = os.urandom(3 * CHUNK_BYTES + 100)


def sealed(content: bytes, keys: encrypted_file.Keys = (NEW,)) -> bytes:
    return b"".join(encrypted_file.encrypt(io.BytesIO(content), len(content), NAME, keys))


def opened(raw: bytes, keys: encrypted_file.Keys = (NEW,), name: str = NAME) -> bytes:
    with DecryptingReader(io.BytesIO(raw), name, keys) as content:
        return content.read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_and_its_sizes_are_known(size: int) -> None:
    raw = sealed(CONTENT[:size])
    assert opened(raw) == CONTENT[:size]
    assert encrypted_file.encrypted_size(size) == len(raw)
    assert encrypted_file.plaintext_size(len(raw)) == size


@given(st.integers(0, len(CONTENT)), st.integers(0, 2 * CHUNK_BYTES))
def test_a_part_opens_without_the_rest(start: int, size: int) -> None:
    raw = bytearray(SEALED)
    first, last = start // CHUNK_BYTES, (start + size) // CHUNK_BYTES
    for index in range(4):
        if not first <= index <= last:
            raw[HEADER_BYTES + index * ENCRYPTED_CHUNK_BYTES] ^= 1
    with io.BufferedReader(DecryptingReader(io.BytesIO(bytes(raw)), NAME, (NEW,)), 1) as content:
        content.seek(start)
        assert content.read(size) == CONTENT[start : start + size]


SEALED = sealed(CONTENT)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of a chunk": lambda raw: raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:],
    "a bit of the header": lambda raw: raw[:30] + bytes([raw[30] ^ 1]) + raw[31:],
    "its length": lambda raw: raw[:23] + bytes([raw[23] ^ 1]) + raw[24:],
    "the end of the last chunk cut off": lambda raw: raw[:-1],
    "the last chunk cut off": lambda raw: raw[: HEADER_BYTES + 3 * ENCRYPTED_CHUNK_BYTES],
    "all chunks cut off": lambda raw: raw[:HEADER_BYTES],
    "half a header": lambda raw: raw[: HEADER_BYTES // 2],
    "something added": lambda raw: raw + b"x",
    "two chunks exchanged": lambda raw: (
        raw[:HEADER_BYTES]
        + raw[HEADER_BYTES + ENCRYPTED_CHUNK_BYTES : HEADER_BYTES + 2 * ENCRYPTED_CHUNK_BYTES]
        + raw[HEADER_BYTES : HEADER_BYTES + ENCRYPTED_CHUNK_BYTES]
        + raw[HEADER_BYTES + 2 * ENCRYPTED_CHUNK_BYTES :]
    ),
    "chunks of another file": lambda raw: raw[:HEADER_BYTES] + sealed(CONTENT)[HEADER_BYTES:],
    "not sealed at all": lambda raw: CONTENT,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_tampered_with_does_not_open(damage: str) -> None:
    with pytest.raises(RequestError) as refused:
        opened(DAMAGES[damage](SEALED))
    assert refused.value.code is WebCode.MEDIA_DAMAGED


def test_a_file_does_not_open_in_the_place_of_another() -> None:
    with pytest.raises(RequestError) as refused:
        opened(SEALED, name="recordings/somebody-else/b.mp4-sealed")
    assert refused.value.code is WebCode.MEDIA_DAMAGED


def test_a_key_that_is_not_there_is_told() -> None:
    for keys in ((), (OLD,)):
        with pytest.raises(RequestError) as refused:
            opened(SEALED, keys)
        assert refused.value.code is WebCode.MEDIA_KEY


def test_the_newest_key_seals_and_each_opens() -> None:
    old = sealed(CONTENT, (OLD,))
    assert opened(old, (NEW, OLD)) == CONTENT
    again = b"".join(encrypted_file.rewrap(io.BytesIO(old), NAME, "other", (NEW, OLD)))
    assert opened(again, (NEW,), "other") == CONTENT
    assert again[HEADER_BYTES:] == old[HEADER_BYTES:]
    assert encrypted_file.header_key_id(again) == encrypted_file.key_id(NEW)


@pytest.mark.parametrize("size", SIZES)
def test_more_is_added_wherever_it_ended(size: int) -> None:
    file = io.BytesIO()
    first = AppendableEncryptedFile(file, NAME, (NEW,))
    first.write(CONTENT[:size])
    first.flush()
    again = AppendableEncryptedFile(file, NAME, (NEW,))
    assert again.seek(0, io.SEEK_END) == size
    again.truncate(size)
    again.write(CONTENT[size:])
    again.flush()
    assert opened(file.getvalue()) == CONTENT


@pytest.mark.parametrize("kept", [0, 10, CHUNK_BYTES, CHUNK_BYTES + 10])
def test_what_did_not_count_is_cut_off(kept: int) -> None:
    file = io.BytesIO()
    growing = AppendableEncryptedFile(file, NAME, (NEW,))
    growing.write(CONTENT)
    growing.flush()
    assert growing.truncate(kept) == kept
    assert opened(file.getvalue()) == CONTENT[:kept]


def test_a_half_written_chunk_is_what_is_lost() -> None:
    file = io.BytesIO()
    growing = AppendableEncryptedFile(file, NAME, (NEW,))
    growing.write(CONTENT[: CHUNK_BYTES + 100])
    growing.flush()
    file.seek(-1, io.SEEK_END)
    file.write(b"?")
    assert AppendableEncryptedFile(file, NAME, (NEW,)).truncate(CHUNK_BYTES + 100) == CHUNK_BYTES
