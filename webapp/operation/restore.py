"""Restores a backup into an empty installation, all of it or nothing."""

import json
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from webapp.accounts.models import User
from webapp.operation import postgres
from webapp.operation.backup import DUMP, MANIFEST, MEDIA, SCHEMA, BackupError, describe
from webapp.storage import media


def restore(source: Path) -> int:
    """Restore the backup in `source` and migrate it to this release; returns the number of files.

    Raises BackupError, RequestError(STORAGE_UNAVAILABLE).
    """
    files = _files(source)
    _require_empty()
    for name, expected in files.items():
        if describe(source / name) != expected:
            raise BackupError(f"{name} is not what was backed up: the backup is damaged")
    del files[DUMP]
    kept = [str(PurePath(name).relative_to(MEDIA)) for name in files]
    try:
        for name in kept:
            with (source / MEDIA / name).open("rb") as content:
                media.storage().save_raw(name, iter(partial(content.read, media.CHUNK_BYTES), b""))
        try:
            with (source / DUMP).open("rb") as dump:
                postgres.restore(dump)
        finally:
            # After a failure, too, so that the installation is empty as before.
            call_command("migrate", interactive=False, verbosity=0)
    except BaseException:
        media.try_delete(media.RECORDINGS, lambda: media.storage().delete_prefix(media.RECORDINGS))
        raise
    return len(files)


def _files(source: Path) -> dict[str, dict[str, Any]]:
    """The manifest's files: the dump and files below MEDIA only."""
    try:
        manifest = json.loads((source / MANIFEST).read_text())
    except FileNotFoundError:
        raise BackupError(f"{source} has no {MANIFEST}: it is no backup, or one that was broken off") from None
    except ValueError:
        raise BackupError(f"{source / MANIFEST} cannot be read: the backup is damaged") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise BackupError(f"{source} was not written by this program, or by a later release of it")
    known = {".".join(each) for each in MigrationLoader(None).disk_migrations}
    if later := sorted(set(manifest["migrations"]) - known):
        raise BackupError(f"The backup is of a later release (it has {later[0]}): install that one first")
    files: dict[str, dict[str, Any]] = manifest["files"]
    for name in files:
        inside = name == DUMP or (source / name).resolve().is_relative_to((source / MEDIA).resolve())
        if not inside or not (source / name).is_file():
            raise BackupError(f"The backup has no file {name}: it is damaged")
    return files


def _require_empty() -> None:
    if User._meta.db_table in connection.introspection.table_names() and User.objects.exists():
        raise BackupError("This installation has accounts already: restore into a new one, nothing is overwritten")
    if any(media.list_keys()):
        raise BackupError("This installation has files already: restore into a new one, nothing is overwritten")
