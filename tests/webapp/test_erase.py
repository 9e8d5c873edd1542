"""Erasing a recording while somebody asks for another analysis of it."""

import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import Http404

from tests.webapp import clips
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording
from webapp.recordings.services import Upload

pytestmark = pytest.mark.usefixtures("models")


def submitted() -> Recording:
    owner = User.objects.create_user("owner")
    video = SimpleUploadedFile("interview.mp4", clips.video())
    return services.submit(owner=owner, upload=Upload(video), consent=True).recording


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
def test_what_is_erased_cannot_be_read_again_or_erased_twice() -> None:
    recording = submitted()
    stale = Recording.objects.get(pk=recording.pk)
    services.erase(recording=recording)
    with pytest.raises(Http404):
        services.rerun(recording=stale)
    with pytest.raises(Http404):
        services.erase(recording=stale)
