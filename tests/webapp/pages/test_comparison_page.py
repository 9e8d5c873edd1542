"""The page that sets two analyses of one recording beside each other."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from inference.types import UNDETERMINED, Correction
from tests.webapp.factories import AnalysisFactory, finished, published
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis


@pytest.fixture
def first(user: User) -> Analysis:
    return finished("happy", "sad", "neutral", UNDETERMINED, recording__owner=user)


@pytest.fixture
def second(first: Analysis) -> Analysis:
    return published("happy", "neutral", recording=first.recording)


def compared(client: Client, analysis: Analysis, **named: Any) -> Any:
    return client.get(f"/recordings/{analysis.recording_id}/compare/", named)


def number(page: str, name: str) -> str:
    match = re.search(rf'id="agreement-{name}">([^<]+)<', page)
    assert match is not None
    return match[1]


def test_two_analyses_are_compared_over_the_time_that_both_read(
    owner: Client, first: Analysis, second: Analysis
) -> None:
    # Of 10 s: 2.5 happy in both, 2.5 sad against happy, 2.5 neutral in both, 2.5 undetermined.
    page = compared(owner, first, a=first.pk, b=second.pk).content.decode()
    assert number(page, "same") == "67 %"
    assert number(page, "kappa") == "0.50"
    assert "Over 0:07.5 of 0:10.0." in page
    assert "0:02.5 undetermined in one or both analyses" in page
    assert re.findall(r'<td class="numbers(?: same)?">([\d.]+)', page) == ["2.5", "2.5", "2.5"]
    assert re.findall(r'data-seconds="([\d.]+)"', page) == ["2.500", "7.500"]


def test_corrections_are_not_compared_and_the_page_says_so(
    owner: Client, user: User, first: Analysis, second: Analysis
) -> None:
    before = compared(owner, first).content.decode()
    assert 'id="uncorrected-note"' not in before
    whole = Correction(0.0, first.recording.duration_s, "sad")
    services.save_corrections(analysis=first, by=user, revision=0, segments=[whole])
    page = compared(owner, first).content.decode()
    assert 'id="uncorrected-note"' in page
    assert number(page, "kappa") == number(before, "kappa")


def test_the_latest_two_are_taken_where_none_is_named(owner: Client, first: Analysis, second: Analysis) -> None:
    page = compared(owner, first).content.decode()
    assert re.findall(r'<option value="([^"]+)" selected>', page) == [str(second.pk), str(first.pk)]
    page = compared(owner, first, a=first.pk).content.decode()
    assert re.findall(r'<option value="([^"]+)" selected>', page) == [str(first.pk), str(second.pk)]


def test_the_result_leads_there(owner: Client, first: Analysis) -> None:
    link = f'href="/recordings/{first.recording_id}/compare/?a={first.pk}"'
    assert link not in owner.get(f"/analyses/{first.pk}/").content.decode()
    AnalysisFactory.create(recording=first.recording)
    assert link in owner.get(f"/analyses/{first.pk}/").content.decode()


def test_what_cannot_be_compared_is_said(owner: Client, first: Analysis) -> None:
    waiting = AnalysisFactory.create(recording=first.recording)
    assert "Two timelines are needed" in compared(owner, first).content.decode()
    second = published("sad", recording=first.recording)
    assert "the same analysis" in compared(owner, first, a=first.pk, b=first.pk).content.decode()
    assert "has no timeline yet" in compared(owner, first, a=second.pk, b=waiting.pk).content.decode()


def test_an_analysis_of_another_recording_is_not_found(owner: Client, user: User, first: Analysis) -> None:
    elsewhere = published("sad", recording__owner=user)
    for name in (elsewhere.pk, uuid4(), "nonsense"):
        assert compared(owner, first, a=first.pk, b=name).status_code == 404
