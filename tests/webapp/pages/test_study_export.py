"""The tab of files: four tables, a codebook and a BIDS tree."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import MarkerFactory, ProjectFactory, UserFactory, published
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies.models import Marker


@pytest.fixture
def project(user: User) -> Project:
    """A recording of three segments and windows, with an event and an excluded span."""
    project = ProjectFactory.create(owner=user, name="Adverts")
    analysis = published("happy", "sad", "happy", recording__owner=user, recording__project=project)
    for kind in (Marker.Kind.EVENT, Marker.Kind.EXCLUDE):
        MarkerFactory.create(recording=analysis.recording, kind=kind)
    return project


def address(project: Project) -> str:
    return f"/projects/{project.pk}/export/"


def test_without_timelines_it_is_said_when_there_is_more(owner: Client, user: User) -> None:
    page = owner.get(address(ProjectFactory.create(owner=user))).content.decode()
    assert "Nothing to export yet" in page and "/table/" not in page


def test_it_says_what_each_file_holds_and_how_large_it_is(owner: Client, project: Project) -> None:
    page = owner.get(address(project)).content.decode()
    assert re.findall(r">(\d+) rows?<", page) == ["1", "1", "3", "3"]
    links = re.findall(r'href="(/api/v1/projects/[^"]+)"', page)
    assert len(links) == 4 * 2 + 2
    assert len(re.findall(r">about [\d.]+ kB</span></a>", page)) == len(links)
    assert re.search(r'aria-label="Windows as CSV, about [\d.]+ kB"', page)


def test_every_link_leads_to_a_file(owner: Client, project: Project) -> None:
    page = owner.get(address(project)).content.decode()
    for link in re.findall(r'href="(/api/v1/projects/[^"]+)"', page):
        answer = owner.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert "attachment" in answer["Content-Disposition"]
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert content
        rows = re.search(r"unit=(\w+).*csv", link)
        if rows:
            assert content.count(b"\r\n" if b"\r\n" in content else b"\n") == 1 + {"segment": 3, "window": 3}.get(
                rows[1], 1
            )


@pytest.mark.parametrize("may_download", [False, True])
def test_downloads_take_the_permission_to_download(project: Project, may_download: bool) -> None:
    reader, client = UserFactory.create(), Client()
    sharing.with_person(project, reader, may_download=may_download)
    client.force_login(reader)
    page = client.get(address(project)).content.decode()
    assert ("/table/" in page) == may_download
    assert ('id="no-downloads"' in page) != may_download
    assert "3 rows" in page


def test_strangers_find_nothing(stranger: Client, project: Project) -> None:
    assert stranger.get(address(project)).status_code == 404


def test_more_recordings_ask_no_more_of_the_database(
    owner: Client, project: Project, django_assert_num_queries: Any
) -> None:
    owner.get(address(project))
    with django_assert_num_queries(14):
        owner.get(address(project))
    published("sad", recording__owner=project.owner, recording__project=project)
    with django_assert_num_queries(14):
        owner.get(address(project))
