"""Erasing a recording: while somebody asks for another analysis of it, with its tags, and what is left in any row."""

import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import Http404

from tests.webapp import clips, sharing, traces
from tests.webapp.factories import finished, with_files
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Recording
from webapp.recordings.services import NewRecording, RecordingFiles

pytestmark = pytest.mark.usefixtures("models")


def found(marks: set[str]) -> set[str]:
    """The tables with a row that holds one of the marks."""
    return {
        table for table, rows in traces.rows().items() if any(mark in row.lower() for row in rows for mark in marks)
    }


def submitted() -> Recording:
    owner = User.objects.create_user("owner")
    video = SimpleUploadedFile("interview.mp4", clips.video())
    return services.submit(owner=owner, new=NewRecording(files=RecordingFiles(video), consent=True)).recording


def tag(pk: uuid.UUID, start: threading.Barrier, failures: list[Exception]) -> None:
    try:
        start.wait()
        recording = Recording.objects.get(pk=pk)
        projects_and_tags.update_tags(owner=recording.owner, recordings=[recording], add=["larkspur"], remove=[])
    except Exception as error:
        failures.append(error)
    finally:
        connection.close()


def ask_again(pk: uuid.UUID, start: threading.Barrier, failures: list[Exception]) -> None:
    try:
        start.wait()
        services.rerun(recording=Recording(pk=pk))
    except Http404:
        pass
    except Exception as error:
        failures.append(error)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(10))
def test_of_two_at_once_one_finds_nothing_or_is_erased_too(_: int) -> None:
    recording, start = submitted(), threading.Barrier(2)
    failures: list[Exception] = []
    asking = threading.Thread(target=ask_again, args=(recording.pk, start, failures))
    asking.start()
    start.wait()
    services.erase(recording=recording)
    asking.join()
    assert not failures
    assert not Recording.objects.exists()
    assert not Analysis.objects.exists()


@pytest.mark.django_db
def test_a_tag_goes_with_the_last_recording_that_carries_it(owner: User, stranger: User) -> None:
    projects_and_tags.create_tag(owner=owner, name="made ahead")
    first, second = (finished("happy", recording__owner=owner).recording for _ in range(2))
    theirs = finished("happy", recording__owner=stranger).recording
    projects_and_tags.update_recording(recording=first, tags=["larkspur", "both", "taken off"])
    projects_and_tags.update_tags(owner=owner, recordings=[first], add=[], remove=["taken off"])
    projects_and_tags.update_recording(recording=second, tags=["both"])
    projects_and_tags.update_recording(recording=theirs, tags=["larkspur"])
    services.erase(recording=first)
    assert set(owner.tags.values_list("name", flat=True)) == {"made ahead", "both", "taken off"}
    assert stranger.tags.get().name == "larkspur"
    assert second.tags.get().name == "both"
    services.erase(recording=second)
    assert set(owner.tags.values_list("name", flat=True)) == {"made ahead", "taken off"}


@pytest.mark.django_db
def test_no_row_says_anything_of_what_is_erased(owner: User, stranger: User) -> None:
    recording = finished("happy", recording__owner=owner, recording__title="Ottoline").recording
    Recording.objects.filter(pk=recording.pk).update(purpose="other", purpose_note="Quercus")
    projects_and_tags.update_recording(recording=recording, tags=["larkspur"])
    with_files(recording, video=b"the picture")
    sharing.with_person(recording, stranger, note="for the journal")
    marks = {"ottoline", "quercus", "larkspur", "for the journal"}
    assert found(marks) == {"recordings_recording", "recordings_tag", "recordings_share"}
    pk = str(recording.pk)
    services.erase(recording=recording, by=owner)
    assert found(marks) == set()
    assert found({pk}) == {"audit_entry"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(5))
def test_a_tag_that_is_put_on_another_recording_meanwhile_stays(models: None, _: int) -> None:
    recording, start = submitted(), threading.Barrier(2)
    other = finished("happy", recording__owner=recording.owner).recording
    projects_and_tags.update_recording(recording=recording, tags=["larkspur"])
    failures: list[Exception] = []
    tagging = threading.Thread(target=tag, args=(other.pk, start, failures))
    tagging.start()
    start.wait()
    services.erase(recording=recording)
    tagging.join()
    assert not failures
    assert other.tags.get().name == "larkspur"


@pytest.mark.django_db
def test_what_is_erased_cannot_be_read_again_or_erased_twice() -> None:
    recording = submitted()
    stale = Recording.objects.get(pk=recording.pk)
    services.erase(recording=recording)
    with pytest.raises(Http404):
        services.rerun(recording=stale)
    with pytest.raises(Http404):
        services.erase(recording=stale)
