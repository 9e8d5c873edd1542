"""Corrections of one analysis, carried over to another one of the same recording."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from inference.types import Correction
from tests.webapp.factories import DURATION_S, published
from webapp.accounts.models import User
from webapp.analyses import selectors, services
from webapp.analyses.models import Analysis
from webapp.audit.models import Action, Entry

OWN = (Correction(0, 4, "sad", "tears"), Correction(4, DURATION_S, "undetermined"))


@pytest.fixture
def corrected(owner: User) -> Analysis:
    analysis = published("happy", "sad", recording__owner=owner)
    services.save_corrections(analysis=analysis, by=owner, revision=0, segments=OWN)
    return analysis


@pytest.fixture
def later(corrected: Analysis) -> Analysis:
    """Another analysis of the same recording, which nobody corrected."""
    return published("neutral", recording=corrected.recording)


def carry(api: APIClient, to: Analysis, source: Analysis, revision: int = 0) -> Any:
    address = f"/api/v1/analyses/{to.pk}/corrections/carry-over/"
    return api.post(address, {"source": str(source.pk), "revision": revision}, format="json")


def test_they_are_copied_and_logged(api: APIClient, corrected: Analysis, later: Analysis) -> None:
    answer = carry(api, later, corrected)
    assert answer.status_code == 200
    assert [one["note"] for one in answer.json()["segments"]] == ["tears", ""]
    assert selectors.corrections(later).segments == selectors.corrections(corrected).segments == OWN
    assert Entry.objects.filter(action=Action.CORRECTED, object_id=later.pk).count() == 1


def test_what_was_corrected_meanwhile_is_not_overwritten(
    api: APIClient, owner: User, corrected: Analysis, later: Analysis
) -> None:
    own = (Correction(0, DURATION_S, "happy"),)
    services.save_corrections(analysis=later, by=owner, revision=0, segments=own)
    answer = carry(api, later, corrected)
    assert (answer.status_code, answer.json()["code"]) == (409, "revision_conflict")
    assert selectors.corrections(later).segments == own
    assert carry(api, later, corrected, revision=1).json()["revision"] == 2


def test_a_label_that_the_model_does_not_know_is_named(api: APIClient, corrected: Analysis, later: Analysis) -> None:
    Analysis.objects.filter(pk=later.pk).update(labels=["neutral", "happy", "angry"])
    answer = carry(api, later, corrected)
    assert (answer.status_code, answer.json()["code"]) == (422, "correction_label")
    assert "does not know sad." in answer.json()["detail"]
    assert selectors.corrections(later).segments == ()


def test_there_has_to_be_something_to_carry_over(
    api: APIClient, owner: User, corrected: Analysis, later: Analysis
) -> None:
    elsewhere = published("happy", recording__owner=owner)
    for to, source in ((corrected, later), (elsewhere, corrected)):
        answer = carry(api, to, source, revision=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_corrections")


def test_the_page_says_so_and_offers_it(owner: User, corrected: Analysis, later: Analysis) -> None:
    browser = Client()
    browser.force_login(owner)
    page = browser.get(f"/analyses/{later.pk}/").content.decode()
    assert "This analysis has no corrections, but another one of this recording has" in page
    assert f'href="/analyses/{corrected.pk}/"' in page
    assert 'id="elsewhere"' not in browser.get(f"/analyses/{corrected.pk}/").content.decode()
    answer = browser.post(f"/analyses/{later.pk}/carry-over/", {"revision": "0"}, follow=True)
    assert "The corrections have been copied." in answer.content.decode()
    assert 'id="elsewhere"' not in answer.content.decode()
    assert selectors.corrections(later).segments == OWN


def test_the_page_asks_before_it_overwrites(owner: User, corrected: Analysis, later: Analysis) -> None:
    own = (Correction(0, DURATION_S, "happy"),)
    services.save_corrections(analysis=later, by=owner, revision=0, segments=own)
    browser = Client()
    browser.force_login(owner)
    services.save_corrections(analysis=corrected, by=owner, revision=1, segments=OWN)
    assert "has later corrections" in browser.get(f"/analyses/{later.pk}/").content.decode()
    asked = browser.get(f"/analyses/{later.pk}/carry-over/").content.decode()
    assert "deleted for good" in asked
    assert selectors.corrections(later).segments == own
    browser.post(f"/analyses/{later.pk}/carry-over/", {"revision": "0"})
    assert selectors.corrections(later).segments == own
    browser.post(f"/analyses/{later.pk}/carry-over/", {"revision": "1"})
    assert selectors.corrections(later).segments == OWN


def test_files_of_many_take_the_analysis_that_was_corrected_last(
    owner: User, corrected: Analysis, later: Analysis
) -> None:
    mine = selectors.analyses_of(owner)
    assert selectors.analyses_to_export(mine) == [corrected.pk]
    services.carry_over(analysis=later, source=corrected, by=owner, revision=0)
    assert selectors.analyses_to_export(mine) == [later.pk]
    services.remove_corrections(analysis=later, by=owner, revision=1)
    assert selectors.analyses_to_export(mine) == [corrected.pk]
    services.remove_corrections(analysis=corrected, by=owner, revision=1)
    assert selectors.analyses_to_export(mine) == [later.pk]
