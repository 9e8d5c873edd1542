"""Recordings are kept as long as their project says, and erased when their time is over."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, RecordingFactory, a_timeline, claimed, finished, with_files
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.execution.lease import LeaseLostError
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.models import Analysis
from webapp.analyses.privacy.expiry import BATCH_SIZE, erase_expired
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Project, Recording

API = "/api/v1/"
# How each way of shortening a recording's time is asked for, over REST and on the pages.
Ask = Callable[[Project, Recording], tuple[str, dict[str, Any]]]
WAYS: dict[str, tuple[Ask, Ask]] = {
    "a shorter time": (
        lambda project, _: (f"projects/{project.pk}/", {"retention_days": 5}),
        lambda project, _: (f"/projects/{project.pk}/", {"name": project.name, "retention_days": "5"}),
    ),
    "another project": (
        lambda _, recording: (f"recordings/{recording.pk}/", {"project": str(short(recording).pk)}),
        lambda _, recording: (
            f"/recordings/{recording.pk}/edit/",
            {"title": recording.title, "project": str(short(recording).pk)},
        ),
    ),
}


def short(recording: Recording) -> Project:
    return recording.owner.projects.get(name="Short")


def aged(days: float, **fields: Any) -> Recording:
    """A recording with an analysis that came so long ago."""
    recording: Recording = AnalysisFactory.create(
        **{f"recording__{name}": each for name, each in fields.items()}
    ).recording
    Recording.objects.filter(pk=recording.pk).update(created_at=timezone.now() - timedelta(days=days))
    recording.refresh_from_db()
    return recording


@pytest.fixture
def project(owner: User) -> Project:
    projects_and_tags.create_project(owner=owner, name="Short", retention_days=2)
    return projects_and_tags.create_project(owner=owner, name="Study", retention_days=30)


def test_a_recording_says_when_it_will_be_deleted(
    api: APIClient, client: Client, owner: User, project: Project, settings: Any
) -> None:
    settings.RETENTION_DAYS = None
    kept, ending = aged(10, owner=owner), aged(27, owner=owner, project=project, title="Ending")
    at = ending.created_at + timedelta(days=30)
    told = {each["id"]: each["delete_at"] for each in api.get(f"{API}recordings/").json()["results"]}
    assert told[str(kept.pk)] is None
    assert datetime.fromisoformat(told[str(ending.pk)]) == at
    client.force_login(owner)
    words = f"deleted on {at.day} {at:%B %Y}"
    assert client.get("/").content.decode().count(words) == 1
    page = client.get(f"/analyses/{ending.analyses.get().pk}/").content.decode()
    assert words in page
    assert "Until you delete it" in client.get(f"/analyses/{kept.analyses.get().pk}/").content.decode()


def test_the_list_warns_some_days_before(client: Client, owner: User, project: Project) -> None:
    aged(2, owner=owner, project=project, title="Not yet")
    client.force_login(owner)
    assert "will be deleted by" not in client.get("/").content.decode()
    aged(27, owner=owner, project=project, title="Ending")
    found = re.search(r'1 recording will be deleted by .*?href="([^"]+)"', client.get("/").content.decode())
    assert found is not None
    page = client.get(f"/{found.group(1)}").content.decode()
    assert "Ending" in page
    assert "Not yet" not in page


@pytest.mark.parametrize("outside", [None, 7])
def test_what_is_over_is_erased_and_nothing_else(
    transactional_db: None, owner: User, project: Project, media_root: Path, settings: Any, outside: int | None
) -> None:
    settings.RETENTION_DAYS = outside
    over = aged(31, owner=owner, project=project)
    with_files(over, video=b"the picture")
    stays = [aged(29, owner=owner, project=project), aged(6, owner=owner)]
    alone = aged(8, owner=owner)
    assert erase_expired() == (1 if outside is None else 2)
    assert not Recording.objects.filter(pk=over.pk).exists()
    assert clips.everything_in(media_root) == []
    left = {*stays, alone} if outside is None else {*stays}
    assert {*Recording.objects.all()} == left
    assert erase_expired() == 0


def test_a_worker_in_the_midst_of_it_finds_nothing_to_write_to(owner: User, project: Project) -> None:
    held = claimed(aged(31, owner=owner, project=project).analyses.get())
    erase_expired()
    with pytest.raises(LeaseLostError):
        publish_timeline(held, a_timeline("happy"))
    assert not Analysis.objects.exists()


@pytest.mark.extended
def test_who_is_killed_in_the_middle_is_gone_on_for(
    process: Start, django_user_model: type[User], media_root: Path
) -> None:
    owner = django_user_model.objects.create_user(username="owner")
    project = projects_and_tags.create_project(owner=owner, name="Study", retention_days=30)
    Recording.objects.bulk_create(RecordingFactory.build_batch(3 * BATCH_SIZE, owner=owner, project=project))
    stays = RecordingFactory.create(owner=owner, project=project)
    old = timezone.now() - timedelta(days=31)
    Recording.objects.exclude(pk=stays.pk).update(created_at=old)
    first = process("reaper")
    assert eventually(lambda: Recording.objects.count() <= 3 * BATCH_SIZE - 5)
    first.kill()
    first.wait()
    assert Recording.objects.count() > 1
    process("reaper")
    assert eventually(lambda: Recording.objects.count() == 1)
    assert Recording.objects.get() == stays


@pytest.mark.parametrize("way", WAYS)
def test_over_rest_nothing_is_lost_that_nobody_meant(api: APIClient, owner: User, project: Project, way: str) -> None:
    recording = aged(10, owner=owner, project=project)
    path, change = WAYS[way][0](project, recording)
    refused = api.patch(API + path, change)
    assert (refused.status_code, refused.json()["code"]) == (409, "retention_erases")
    assert refused.json()["detail"].startswith("1 recording would be erased")
    assert erase_expired() == 0
    assert api.patch(API + path, change | {"erase_due": True}).status_code == 200
    assert erase_expired() == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_pages_ask_first(client: Client, owner: User, project: Project, way: str) -> None:
    recording = aged(10, owner=owner, project=project)
    client.force_login(owner)
    path, change = WAYS[way][1](project, recording)
    asked = client.post(path, change)
    assert asked.status_code == 422
    assert "1 recording would be erased" in asked.content.decode()
    assert 'name="erase_due"' in asked.content.decode()
    assert erase_expired() == 0
    assert client.post(path, change | {"erase_due": "on"}).status_code == 302
    assert erase_expired() == 1


def test_moving_many_asks_too(client: Client, owner: User, project: Project) -> None:
    recording = aged(10, owner=owner)
    client.force_login(owner)
    move = {"recordings": str(recording.pk), "project": str(short(recording).pk), "sure": "1"}
    asked = client.post("/recordings/chosen/move/", move)
    assert (asked.status_code, "erase_due" in asked.content.decode()) == (422, True)
    assert client.post("/recordings/chosen/move/", move | {"erase_due": "on"}).status_code == 302
    recording.refresh_from_db()
    assert recording.project is not None and recording.project.name == "Short"


def test_who_leaves_a_project_that_keeps_longer_is_warned(
    client: Client, owner: User, project: Project, settings: Any
) -> None:
    settings.RETENTION_DAYS = 7
    finished("happy", recording__owner=owner, recording__project=project)
    aged(10, owner=owner, project=project)
    client.force_login(owner)
    assert "1 of them is older" in client.get(f"/projects/{project.pk}/delete/").content.decode()


@pytest.mark.parametrize("days", [0, -1, 36_501, "soon"])
def test_days_are_a_number_that_makes_sense(api: APIClient, project: Project, days: Any) -> None:
    answer = api.patch(f"{API}projects/{project.pk}/", {"retention_days": days})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["retention_days"])


def test_one_that_cannot_be_erased_holds_up_no_other(
    owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = aged(40, owner=owner, project=project), aged(31, owner=owner, project=project)
    really = services.erase

    def erase(*, recording: Recording) -> None:
        if recording.pk == stuck.pk:
            raise OSError(5, "Input/output error")
        really(recording=recording)

    monkeypatch.setattr("webapp.analyses.privacy.expiry.erase", erase)
    assert erase_expired() == 1
    assert Recording.objects.get() == stuck
    assert not Recording.objects.filter(pk=other.pk).exists()


@pytest.mark.slow
def test_summer_time_on_the_machine_moves_nothing() -> None:
    """All times are in UTC, wherever the machine is: a day in March that lacks an hour is as long as any other."""
    program = (
        "import django; django.setup()\n"
        "from datetime import datetime\n"
        "print(*(datetime(2026, month, 1).astimezone().utcoffset().total_seconds() for month in (1, 7)))"
    )
    environment = {**os.environ, "TZ": "Europe/Berlin", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0.0", "0.0"]
