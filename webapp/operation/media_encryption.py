"""Encrypts files that were stored without a key, and rewraps those of former keys.

Each file is written under a new key, then its row is updated, then the old file is deleted. An interrupted run can be
repeated: files that no row names are deleted by the next sweep.
"""

import secrets
from collections.abc import Iterator
from pathlib import PurePath

from django.conf import settings

from webapp.storage import encrypted_file, media
from webapp.storage.encrypted_storage import ENCRYPTED_SUFFIX, is_encrypted
from webapp.storage.file_inventory import FileEntry, file_entries


def pending() -> list[FileEntry]:
    """Existing files that are not encrypted with the newest key."""
    newest = encrypted_file.key_id(settings.ENCRYPTION_KEYS[0])
    return [each for each in file_entries() if _key_id(each.name) not in (newest, None)]


def encrypt_file(each: FileEntry) -> bool:
    """Encrypt one file; False where it is gone.

    Raises RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY | MEDIA_DAMAGED).
    """
    name = _new_key(each.name)
    try:
        media.storage().save_raw(name, _encrypted_chunks(each.name, name))
        rows = each.model._default_manager.filter(pk=each.pk, **{each.column: each.name})
        led = rows.update(**{each.column: name})
    except FileNotFoundError:
        led = 0
    except BaseException:
        media.delete(name)
        raise
    media.delete(each.name if led else name)
    return bool(led)


def _new_key(name: str) -> str:
    place, suffix = PurePath(name).parent, media.suffix(name)
    return str(place / f"{secrets.token_hex(16)}{suffix}{ENCRYPTED_SUFFIX}")


def _encrypted_chunks(name: str, renamed: str) -> Iterator[bytes]:
    with media.storage().open_raw(name) as content:
        if is_encrypted(name):
            yield from encrypted_file.rewrap(content, name, renamed, settings.ENCRYPTION_KEYS)
        else:
            yield from encrypted_file.encrypt(content, content.size, renamed, settings.ENCRYPTION_KEYS)


def _key_id(name: str) -> bytes | None:
    """The id of the file's master key: empty where it is not encrypted, None where it does not exist."""
    if not is_encrypted(name):
        return b""
    try:
        with media.storage().open_raw(name) as content:
            return encrypted_file.header_key_id(content.read(encrypted_file.HEADER_BYTES))
    except FileNotFoundError:
        return None
