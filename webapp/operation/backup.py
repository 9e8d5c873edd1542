"""A whole installation in one directory: the database as it was at one moment, and every file that it names.

    TARGET/database.dump      pg_dump's custom format
    TARGET/media/...          under the names that the rows give
    TARGET/manifest.json      size and SHA-256 of each of these; written last, without it nothing counts

Unfinished uploads and people's sessions are left out: who was at work logs in again and sends again.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from webapp.core import media
from webapp.operation import postgres

SCHEMA = "emotrace.backup/1"
DUMP, MEDIA, MANIFEST = "database.dump", "media", "manifest.json"
LEFT_OUT = ("recordings_transfer", "django_session")
CHUNK_BYTES = 2**20
TRIES = 5


class BackupError(Exception):
    """It cannot be done. The text says why, in one line."""


@dataclass
class Found:
    """What a backup turned up: files that rows name and nobody finds, and files that changed since they came."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def backup(target: Path) -> Found:
    """Write the installation to `target`, which must not exist or be empty. Raises BackupError."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty: choose another directory, nothing is overwritten")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    with media.workplace() as place, _snapshot(place) as (snapshot, rows, missing):
        found = Found(missing=missing)
        with (target / DUMP).open("xb") as dump:
            postgres.dump(dump, snapshot, LEFT_OUT)
        found.files[DUMP] = described(target / DUMP)
        for name, digest in rows.items():
            place.touch()  # what nobody touches for hours is taken for left behind
            copy = target / MEDIA / name
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            found.files[f"{MEDIA}/{name}"] = copied(place / name, copy)
            if digest not in (None, found.files[f"{MEDIA}/{name}"]["sha256"]):
                found.damaged.append(name)
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
def _snapshot(place: Path) -> Iterator[tuple[str, dict[str, str | None], list[str]]]:
    """The database's state at one moment, with its files under second names in `place`: what is erased meanwhile
    is whole in the backup. Gives the snapshot's name, the files with their digests, and those that are missing.
    """
    for attempt in range(1, TRIES + 1):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SELECT pg_export_snapshot()")
                (snapshot,) = cursor.fetchone()
            rows = dict(_rows())
            missing = [name for name in rows if not _linked(name, place)]
            # What was erased between the two is no longer in the next snapshot; what is, is truly missing.
            if not missing or attempt == TRIES:
                yield snapshot, {name: digest for name, digest in rows.items() if name not in missing}, missing
                return


def _rows() -> Iterator[tuple[str, str | None]]:
    """Every file that any row names, with the digest that stands beside it, if one does."""
    for model in apps.get_models():
        columns = [each.name for each in model._meta.get_fields() if isinstance(each, models.FileField)]
        beside = any(each.name == "sha256" for each in model._meta.get_fields())
        for column in columns:
            kept = model._default_manager.exclude(**{column: ""}).exclude(**{column: None})
            for row in kept.values_list(column, *(["sha256"] if beside else [])).iterator():
                yield row[0], row[1] if beside else None


def _linked(name: str, place: Path) -> bool:
    link = place / name
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not link.exists():
            link.hardlink_to(media.root() / name)
    except FileNotFoundError:
        return False
    return True


def copied(source: Path, target: Path) -> dict[str, Any]:
    """Copy a file piece by piece; the size and digest of what was written."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("xb") as written:
        target.chmod(0o600)
        while chunk := read.read(CHUNK_BYTES):
            written.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}


def described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}
