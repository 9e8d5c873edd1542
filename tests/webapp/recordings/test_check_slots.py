"""Checking files is costly: so much at once, and nobody is waited for long."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.inference.matfiles import mat
from tests.integration.processes import python
from tests.webapp import clips, tus
from tests.webapp.factories import UserFactory
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import check_slots
from webapp.recordings.check_slots import MAX_CONCURRENT, check_slot
from webapp.recordings.models import Recording, Upload

pytestmark = pytest.mark.usefixtures("models")
RECORDINGS = "/api/v1/recordings/"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_slots, "WAIT_SECONDS", 0.2)


@pytest.fixture
def busy(db: None) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        for _ in range(MAX_CONCURRENT):
            stack.enter_context(check_slot(owner=UserFactory.create()))
        yield stack


def is_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "checks_busy", "5")


def send(api: APIClient) -> Any:
    video = SimpleUploadedFile("interview.mp4", clips.video())
    return api.post(RECORDINGS, {"video": video, "consent": "true"}, format="multipart")


def test_a_recording_is_not_checked_while_others_are_and_its_upload_is_kept(api: APIClient, busy: ExitStack) -> None:
    content = clips.video()
    place = tus.begin(api, len(content))["Location"]
    tus.send(api, place, 0, content)
    named = {"video_upload": place.split("/")[-2], "consent": "true"}
    is_refused(api.post(RECORDINGS, named, format="multipart"))
    assert Upload.objects.get().finished
    assert not Recording.objects.exists()
    busy.close()
    assert api.post(RECORDINGS, named, format="multipart").status_code == 201


def test_one_person_has_one_checked_at_once(api: APIClient, owner: User) -> None:
    with check_slot(owner=owner):
        is_refused(send(api))
        with check_slot(owner=UserFactory.create()):
            pass
    assert send(api).status_code == 201


def test_an_eeg_file_is_not_looked_into_meanwhile(api: APIClient, tmp_path: Any, busy: ExitStack) -> None:
    content = mat(tmp_path / "eeg.mat", seg=[[[0.0]]]).read_bytes()
    place = tus.begin(api, len(content))["Location"]
    tus.send(api, place, 0, content)
    is_refused(api.get(f"{place}eeg/"))


def test_a_short_check_is_waited_for(api: APIClient, busy: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_slots, "WAIT_SECONDS", 60)
    monkeypatch.setattr(check_slots, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: busy.close()))
    assert send(api).status_code == 201


def test_most_threads_neither_check_nor_wait(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    few = settings.WEB_THREADS // 4
    waiting, over = threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(check_slots, "WAIT_SECONDS", 60)

    def sleep(_: float) -> None:
        waiting.release()
        over.wait()

    monkeypatch.setattr(check_slots, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    owner = User(pk=1)

    def wait() -> None:
        with check_slot(owner=owner):
            pass

    with ExitStack() as stack:
        stack.enter_context(check_slot(owner=owner))
        threads = [threading.Thread(target=wait) for _ in range(few - 1)]
        for each in threads:
            each.start()
            waiting.acquire()
        with pytest.raises(RequestError) as refused, check_slot(owner=User(pk=2)):
            pass
        assert refused.value.code == WebCode.CHECKS_BUSY
    over.set()
    for each in threads:
        each.join()


def test_all_processes_count_together_and_one_that_is_killed_leaves_nothing(owner: User, settings: Any) -> None:
    script = f"""
import django
django.setup()
from webapp.accounts.models import User
from webapp.recordings.check_slots import check_slot
with check_slot(owner=User(pk={owner.pk})):
    print("checking", flush=True)
    input()
"""
    with python(["-c", script], {"EMOTRACE_DATA_DIR": str(settings.DATA_DIR)}) as process:
        assert process.stdout is not None and process.stdout.readline() == "checking\n"
        with pytest.raises(RequestError), check_slot(owner=owner):
            pass
        process.kill()
        process.wait()
        with check_slot(owner=owner):
            pass
