"""All files that database rows name."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models


@dataclass(frozen=True)
class FileEntry:
    """One row's file: its model and column, the storage key, and the recorded SHA-256 if the model has one."""

    model: type[models.Model]
    column: str
    pk: object
    name: str
    sha256: str | None


def file_entries() -> Iterator[FileEntry]:
    """Yield the files of every FileField of every model."""
    for model in apps.get_models():
        columns = [each.name for each in model._meta.get_fields() if isinstance(each, models.FileField)]
        beside = any(each.name == "sha256" for each in model._meta.get_fields())
        for column in columns:
            rows = model._default_manager.exclude(**{column: ""}).exclude(**{column: None})
            for pk, name, *digest in rows.values_list("pk", column, *(["sha256"] if beside else [])).iterator():
                yield FileEntry(model, column, pk, name, digest[0] if digest else None)
