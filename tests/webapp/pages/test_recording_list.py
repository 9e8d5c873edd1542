"""The list of one's recordings."""

from pathlib import Path

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inference.errors import Code
from inference.types import Correction
from tests.webapp.factories import UserFactory
from tests.webapp.pages.conftest import fail, finish, submit
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis


def test_an_empty_list_says_what_to_do(owner: Client) -> None:
    page = owner.get("/").content.decode()
    assert "No recordings yet" in page
    assert "Upload a recording" in page


def test_each_recording_shows_its_state(owner: Client, user: User, tmp_path: Path) -> None:
    finish(submit(user, "Done"), tmp_path)
    fail(submit(user, "Broken"), Code.NO_PICTURE, "There is no picture in it.")
    submit(user, "Queued")
    page = owner.get("/").content.decode()
    assert page.index("Queued") < page.index("Broken") < page.index("Done")
    assert "Waiting for a free worker, 0 %" in page
    assert "There is no picture in it." in page
    assert 'aria-label="happy 50 %, sad 25 %, undetermined 25 %"' in page
    assert 'hx-trigger="every 3s"' in page


def test_a_list_where_all_has_ended_does_not_ask_again(owner: Client, finished: Analysis) -> None:
    assert 'id="poll"' not in owner.get("/").content.decode()


def test_the_latest_analysis_counts(owner: Client, finished: Analysis) -> None:
    services.rerun(recording=finished.recording, model="intermediate-attention-5")
    page = owner.get("/").content.decode()
    assert page.count("<article") == 1
    assert "Waiting for a free worker" in page


def test_a_cancelled_analysis_hides_no_earlier_one(owner: Client, finished: Analysis) -> None:
    services.cancel(analysis=services.rerun(recording=finished.recording))
    page = owner.get("/").content.decode()
    assert "status-succeeded" in page
    assert "status-cancelled" not in page


def test_corrections_are_marked_also_where_they_are_on_an_analysis_that_is_not_shown(
    owner: Client, user: User, finished: Analysis
) -> None:
    assert "orrected<" not in owner.get("/").content.decode()
    whole = Correction(0.0, finished.recording.duration_s, "sad")
    services.save_corrections(analysis=finished, by=user, revision=0, segments=[whole])
    assert ">Corrected<" in owner.get("/").content.decode()
    services.rerun(recording=finished.recording)
    assert ">Another analysis is corrected<" in owner.get("/").content.decode()
    services.remove_corrections(analysis=finished, by=user, revision=1)
    assert "orrected<" not in owner.get("/").content.decode()


def test_others_recordings_are_not_listed(stranger: Client, finished: Analysis) -> None:
    assert "No recordings yet" in stranger.get("/").content.decode()


def test_a_longer_list_asks_no_more_of_the_database(
    owner: Client, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    submit(user)
    owner.get("/")
    with django_assert_num_queries(9):
        owner.get("/")
    for number in range(4):
        submit(user, str(number))
    with django_assert_num_queries(9):
        owner.get("/")


def test_the_list_of_what_a_batch_made_holds_only_ones_own(owner: Client, user: User) -> None:
    mine, theirs = submit(user, "Mine"), submit(UserFactory.create(), "Theirs")
    submit(user, "Older")
    page = owner.get(f"/?recording={mine.recording_id},{theirs.recording_id}").content.decode()
    assert page.count("<article") == 1
    assert "Mine" in page and "Theirs" not in page and "Older" not in page
