"""Conditional requests: what a program has already is not sent again."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inference.types import Correction
from tests.webapp.factories import finished
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis, NeutralBaseline
from webapp.recordings import sharing

PARTS = ["", "segments/", "windows/", "export/json/"]


@pytest.fixture
def analysis(owner: User) -> Analysis:
    return finished("happy", "sad", recording__owner=owner)


def ask(api: APIClient, analysis: Analysis, part: str, etag: str = "") -> Any:
    headers = {"If-None-Match": etag} if etag else {}
    return api.get(f"/api/v1/analyses/{analysis.pk}/{part}", headers=headers)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_unchanged_is_neither_read_nor_sent(api: APIClient, analysis: Analysis, part: str) -> None:
    whole = ask(api, analysis, part)
    with CaptureQueriesContext(connection) as captured:
        same = ask(api, analysis, part, whole.headers["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == whole.headers["ETag"]
    tables = " ".join(query["sql"] for query in captured)
    assert "analyses_windowscore" not in tables and "analyses_segment" not in tables


def test_the_state_changes_with_every_step_of_the_progress(api: APIClient, analysis: Analysis) -> None:
    etag = ask(api, analysis, "").headers["ETag"]
    for change in ({"progress": 0.3}, {"status": "queued"}, {"attempt": 3}, {"error_message": "No space."}):
        Analysis.objects.filter(pk=analysis.pk).update(**change)
        answer = ask(api, analysis, "", etag)
        assert answer.status_code == 200
        etag = answer.headers["ETag"]


def test_an_export_changes_with_corrections_baseline_and_title(api: APIClient, analysis: Analysis) -> None:
    seen = {ask(api, analysis, "export/json/").headers["ETag"], ask(api, analysis, "export/csv/").headers["ETag"]}
    owner, recording = analysis.recording.owner, analysis.recording
    whole = Correction(0.0, recording.duration_s, "sad")
    services.save_corrections(analysis=analysis, by=owner, revision=0, segments=[whole])
    seen.add(ask(api, analysis, "export/json/").headers["ETag"])
    NeutralBaseline.objects.create(analysis=analysis, start_s=0, end_s=5, by=owner)
    seen.add(ask(api, analysis, "export/json/").headers["ETag"])
    recording.title = "Renamed"
    recording.save()
    seen.add(ask(api, analysis, "export/json/").headers["ETag"])
    assert len(seen) == 5


def test_another_page_of_a_list_is_another_thing(api: APIClient, analysis: Analysis) -> None:
    etag = ask(api, analysis, "segments/").headers["ETag"]
    assert ask(api, analysis, "segments/?page_size=1", etag).status_code == 200


@pytest.mark.parametrize("part", ["windows/", "export/json/"])
def test_an_etag_opens_nothing_to_whom_it_is_not_open(
    api: APIClient, analysis: Analysis, stranger: User, part: str
) -> None:
    etag = ask(api, analysis, part).headers["ETag"]
    sharing.share_with_user(target=analysis.recording, username=stranger.username, consented=True, note="")
    api.force_authenticate(stranger)
    assert ask(api, analysis, part, etag).status_code == 403
