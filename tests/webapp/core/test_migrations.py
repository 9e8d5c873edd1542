"""While a release starts, the one before it runs on the migrated database: what that one uses stays."""

from collections.abc import Iterator, Sequence

import pytest
from django.core.management import call_command
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import DeleteModel, RemoveField, RenameField, RenameModel
from django.db.migrations.operations.base import Operation

from webapp.analyses.models import Analysis
from webapp.recordings.models import Upload
from webapp.webhooks.models import Delivery

TAKES_AWAY = (DeleteModel, RemoveField, RenameField, RenameModel)


def ours() -> Iterator[Migration]:
    for _, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if migration.__module__.startswith("webapp."):
            yield migration


def taken(operations: Sequence[Operation]) -> list[Operation]:
    return [each for each in operations if isinstance(each, TAKES_AWAY)]


@pytest.mark.parametrize("migration", [*ours()], ids=str)
def test_what_is_taken_away_was_unused_before(migration: Migration) -> None:
    """Such a migration says `unused_since = "1.1.0"`: the release, earlier than its own, that no longer used it."""
    assert not taken(migration.operations) or getattr(migration, "unused_since", None)


def test_taking_away_is_noticed() -> None:
    assert taken([RemoveField("analysis", "label"), RenameField("analysis", "mode", "kind")])


def test_models_and_migrations_agree(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_what_was_renamed_keeps_its_name_in_the_database() -> None:
    assert Upload._meta.db_table == "recordings_transfer"
    assert {model._meta.get_field("dispatched_at").column for model in (Analysis, Delivery)} == {"nudged_at"}
