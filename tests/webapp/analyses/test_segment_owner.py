"""The copy of a recording's owner on its segments."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from tests.webapp.factories import published
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Segment


def test_published_segments_have_the_owner_of_the_recording(owner: User, stranger: User) -> None:
    published("happy", "sad", recording__owner=owner)
    published("neutral", recording__owner=stranger)
    assert [segment.label for segment in selectors.segments_of(owner)] == ["sad", "happy"]


def test_a_segment_of_the_release_before_gets_its_owner_from_the_database(owner: User, stranger: User) -> None:
    published("happy", recording__owner=stranger)
    segment = published("happy", recording__owner=owner).segments.get()
    segment.pk, segment.owner_id = None, None
    segment.save(force_insert=True)
    assert selectors.segments_of(owner).count() == 2


def test_an_upgrade_fills_the_owner_of_segments_that_are_there(
    owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        published("happy", "sad", recording__owner=owner)
        published("neutral", recording__owner=stranger)
    expected = list(Segment.objects.order_by("pk").values_list("owner", flat=True))
    Segment.objects.update(owner=None)
    migration = import_module("webapp.analyses.migrations.0012_fill_segment_owner")
    monkeypatch.setattr(migration, "BATCH_SIZE", 2)
    migration.fill(None, SimpleNamespace(connection=connection))
    assert list(Segment.objects.order_by("pk").values_list("owner", flat=True)) == expected
    Segment.objects.all().delete()
    migration.fill(None, SimpleNamespace(connection=connection))
