"""Backs up a whole installation to one directory: a consistent snapshot of the database and all files it names.

    TARGET/database.dump      pg_dump's custom format
    TARGET/media/...          under their keys; encrypted files stay encrypted
    TARGET/manifest.json      size and SHA-256 of each file; written last, a backup without it is incomplete

Partial uploads and sessions are left out: users log in and upload again.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from webapp.core.errors import RequestError, WebCode
from webapp.operation import postgres
from webapp.storage import media
from webapp.storage.encrypted_storage import decrypting_reader, is_encrypted
from webapp.storage.file_inventory import file_entries

SCHEMA = "emotrace.backup/1"
DUMP, MEDIA, MANIFEST = "database.dump", "media", "manifest.json"
EXCLUDED_TABLES = ("recordings_transfer", "django_session")
CHUNK_BYTES = 2**20
MAX_SNAPSHOTS = 5


class BackupError(Exception):
    """The backup or restore is impossible. The text gives the reason in one line."""


@dataclass
class BackupResult:
    """A backup's files, the files that rows name but that do not exist, and those that changed since their upload."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def backup(target: Path) -> BackupResult:
    """Write the installation to `target`, which must not exist or be empty.

    Raises BackupError, RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY).
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty: choose another directory, nothing is overwritten")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _snapshot(target / MEDIA) as (snapshot, found), (target / DUMP).open("xb") as dump:
        postgres.dump(dump, snapshot, EXCLUDED_TABLES)
    found.files[DUMP] = describe(target / DUMP)
    manifest = {
        "schema": SCHEMA,
        "created_at": timezone.now().isoformat(),
        "migrations": sorted(".".join(each) for each in MigrationRecorder(connection).applied_migrations()),
        "missing": found.missing,
        "files": found.files,
    }
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1))
    return found


@contextmanager
def _snapshot(place: Path) -> Iterator[tuple[str, BackupResult]]:
    """Copy all files of an exported database snapshot to `place` and yield the snapshot's id.

    Where files are deleted between the snapshot and the copy, a new snapshot is taken, for which only new files are
    copied.
    """
    copies: dict[str, dict[str, Any]] = {}
    for attempt in range(1, MAX_SNAPSHOTS + 1):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SELECT pg_export_snapshot()")
                (snapshot,) = cursor.fetchone()
            rows = {each.name: each.sha256 for each in file_entries()}
            missing = [name for name in rows if name not in copies and not _copy(name, place, copies)]
            if missing and attempt < MAX_SNAPSHOTS:
                continue
            for name in copies.keys() - rows.keys():
                (place / name).unlink()
            yield snapshot, _result(place, {name: copies[name] for name in rows if name in copies}, rows, missing)
            return


def _copy(name: str, place: Path, copies: dict[str, dict[str, Any]]) -> bool:
    """Copy the stored bytes; False where the file is gone."""
    copy = place / name
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with media.storage().open_raw(name) as source:
            copies[name] = copy_with_digest(source, copy)
    except FileNotFoundError:
        return False
    return True


def _result(
    place: Path, copies: dict[str, dict[str, Any]], rows: dict[str, str | None], missing: list[str]
) -> BackupResult:
    damaged = [
        name for name, about in copies.items() if rows[name] not in (None, _content_digest(place / name, name, about))
    ]
    return BackupResult({f"{MEDIA}/{name}": about for name, about in copies.items()}, missing, damaged)


def _content_digest(copy: Path, name: str, about: dict[str, Any]) -> str:
    """The SHA-256 of the file's plaintext; empty where it cannot be decrypted."""
    if not is_encrypted(name):
        return str(about["sha256"])
    try:
        with decrypting_reader(copy.open("rb"), name) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except RequestError as error:
        if error.code is WebCode.MEDIA_DAMAGED:
            return ""
        raise


def copy_with_digest(source: IO[bytes], target: Path) -> dict[str, Any]:
    """Copy a file in chunks; returns its size and digest."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as written:
        target.chmod(0o600)
        while chunk := source.read(CHUNK_BYTES):
            written.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}


def describe(path: Path) -> dict[str, Any]:
    """The size in bytes and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}
