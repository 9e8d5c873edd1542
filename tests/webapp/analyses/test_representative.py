"""The analysis that stands for its recording in lists and filters."""

from importlib import import_module

import pytest
from django.db import connection

from tests.webapp.factories import finished
from webapp.accounts.models import User
from webapp.analyses import selectors, services
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording


@pytest.fixture
def first(owner: User) -> Analysis:
    return finished("happy", recording__owner=owner)


def representative(recording: Recording) -> Analysis:
    """The marked analysis, which is also the one that rows of lists show."""
    marked = recording.analyses.get(is_representative=True)
    assert [*selectors.representatives(Recording.objects.filter(pk=recording.pk))] == [marked]
    return marked


def test_the_latest_analysis_stands_for_the_recording(first: Analysis) -> None:
    assert representative(first.recording) == first
    second = services.rerun(recording=first.recording)
    assert representative(first.recording) == second


def test_a_cancelled_analysis_gives_its_place_back(first: Analysis) -> None:
    second = services.rerun(recording=first.recording)
    services.cancel(analysis=second)
    assert representative(first.recording) == first


def test_the_latest_of_cancelled_ones_stays(first: Analysis) -> None:
    Analysis.objects.filter(pk=first.pk).update(status=Analysis.Status.CANCELLED)
    second = services.rerun(recording=first.recording)
    services.cancel(analysis=second)
    assert representative(first.recording) == second


def test_an_upgrade_marks_what_lists_show(first: Analysis) -> None:
    services.cancel(analysis=services.rerun(recording=first.recording))
    third = services.rerun(recording=first.recording)
    Analysis.objects.update(is_representative=True)
    with connection.cursor() as cursor:
        cursor.execute(import_module("webapp.analyses.migrations.0014_representative").MARK)
    assert representative(first.recording) == third
