"""The transcript under the timeline: a lane, a search, an import."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import UserFactory
from tests.webapp.factories import finished as finished_recording
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording

VTT = b"WEBVTT\n\n00:00.000 --> 00:01.500\n<v Anna>Good morning\n\n00:02.000 --> 00:03.000\nHow are you?\n"


@pytest.fixture
def analysis(user: User) -> Analysis:
    return finished_recording("happy", "sad", recording__owner=user)


@pytest.fixture
def recording(analysis: Analysis) -> Recording:
    return analysis.recording


def imported(owner: Client, recording: Recording) -> None:
    file = SimpleUploadedFile("talk.vtt", VTT)
    assert owner.post(f"/recordings/{recording.pk}/transcript/", {"file": file}).status_code == 302


def test_one_is_imported_and_seen_under_the_timeline(owner: Client, analysis: Analysis, recording: Recording) -> None:
    page = owner.get(f"/analyses/{analysis.pk}/").content.decode()
    assert "There is no transcript yet" in page
    assert 'id="speech-lane" class="lane" hidden' in page
    imported(owner, recording)
    page = owner.get(f"/analyses/{analysis.pk}/").content.decode()
    assert page.count('class="lane-speech"') == 2
    assert "Good morning" in page and "Anna:" in page


def test_a_file_may_be_large(owner: Client, recording: Recording) -> None:
    file = SimpleUploadedFile("talk.vtt", VTT + b"\n" * 2 * settings.BODY_BYTES)
    assert owner.post(f"/recordings/{recording.pk}/transcript/", {"file": file}).status_code == 302
    assert recording.transcript.count() == 2


def test_what_is_said_is_found(owner: Client, recording: Recording) -> None:
    imported(owner, recording)
    address = f"/recordings/{recording.pk}/transcript/?said=MORNING+good"
    page = owner.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "1 line found" in page
    assert page.count('aria-label="Go to') == 1
    page = owner.get(address).content.decode()
    assert "1 line found" in page
    assert 'aria-label="Go to' not in page  # there is no player


def test_what_is_no_transcript_is_said_and_the_old_one_stays(owner: Client, recording: Recording) -> None:
    imported(owner, recording)
    address = f"/recordings/{recording.pk}/transcript/"
    answer = owner.post(address, {"file": SimpleUploadedFile("talk.vtt", b"no captions")})
    assert answer.status_code == 422
    assert "The file is no VTT file" in answer.content.decode()
    assert owner.post(address, {}, headers={"HX-Request": "true"}).status_code == 200
    assert recording.transcript.count() == 2


def test_htmx_says_a_refusal_at_the_form(user: User, owner: Client, recording: Recording) -> None:
    imported(owner, recording)
    User.objects.filter(pk=user.pk).update(quota_bytes=1)
    file = SimpleUploadedFile("talk.vtt", VTT + b"\n" * 2**21)
    refused = owner.post(f"/recordings/{recording.pk}/transcript/", {"file": file}, headers={"HX-Request": "true"})
    page = refused.content.decode()
    assert (refused.status_code, page.count("<html")) == (200, 0)
    assert '<span class="field-error" id="transcript-file_error" role="alert">1.0 MB are more than' in page
    assert recording.transcript.count() == 2


def test_before_it_is_deleted_it_is_said_what_is_lost(owner: Client, recording: Recording) -> None:
    imported(owner, recording)
    address = f"/recordings/{recording.pk}/transcript/delete/"
    assert "2 lines are lost." in owner.get(address).content.decode()
    owner.post(address)
    assert not recording.transcript.exists()


def test_viewers_search_and_change_nothing(owner: Client, analysis: Analysis, recording: Recording) -> None:
    imported(owner, recording)
    reader = UserFactory.create()
    sharing.with_person(recording, reader)
    client = Client()
    client.force_login(reader)
    page = client.get(f"/analyses/{analysis.pk}/").content.decode()
    assert "Good morning" in page and "Replace or delete it" not in page
    assert client.post(f"/recordings/{recording.pk}/transcript/", {}).status_code == 404
    _, secret = sharing.by_link(recording)
    page = Client().get(f"/link/{secret}/analyses/{analysis.pk}/").content.decode()
    assert "Good morning" in page and 'id="said"' not in page
