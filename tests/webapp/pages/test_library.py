"""Looking for recordings on the page: everything stands in the address, and nothing found is said in words."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.webapp.factories import finished
from webapp.accounts.models import User
from webapp.analyses.filters import MAX_WORDS
from webapp.pages.recordings import list_views
from webapp.recordings import projects_and_tags
from webapp.recordings.models import MAX_TAGS, Project


@pytest.fixture
def project(user: User) -> Project:
    return projects_and_tags.create_project(owner=user, name="Pilot")


@pytest.fixture
def three(user: User, project: Project) -> None:
    for title, labels in (("Anna", ("happy",)), ("Ben", ("sad",)), ("Carla", ("happy", "happy", "sad"))):
        recording = finished(*labels, recording__owner=user, recording__title=title).recording
        projects_and_tags.update_recording(recording=recording, tags=["pilot"] if title != "Ben" else [])
    projects_and_tags.update_recording(recording=user.recordings.get(title="Ben"), project=project)


def titles(page: str) -> list[str]:
    return re.findall(r'aria-label="Choose ([^"]+)"', page)


def looked_for(owner: Client, address: str) -> str:
    answer = owner.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("/", ["Carla", "Ben", "Anna"]),
        ("/?search=an", ["Anna"]),
        ("/?label=happy&status=&model=&tag=", ["Carla", "Anna"]),
        ("/?tag=pilot&ordering=title", ["Anna", "Carla"]),
        ("/?ordering=-title", ["Carla", "Ben", "Anna"]),
        ("/?ordering=nonsense", ["Carla", "Ben", "Anna"]),
        ("/?project=none", ["Carla", "Anna"]),
    ],
)
def test_the_address_says_what_is_listed(owner: Client, address: str, found: list[str]) -> None:
    page = looked_for(owner, address)
    assert titles(page) == found
    said = f"{len(found)} recording{'s' if len(found) > 1 else ''}"
    assert re.search(rf'id="count"[^>]*role="status">{said}', page)


@pytest.mark.usefixtures("three")
def test_the_form_shows_what_was_asked_for(owner: Client) -> None:
    page = looked_for(owner, "/?search=a&label=happy&tag=gone&created_after=2026-01-02&ordering=title")
    assert 'value="a" placeholder' in page
    assert '<option value="happy" selected>' in page
    assert '<option value="gone" selected>' in page
    assert 'value="2026-01-02"' in page
    assert '<option value="title" selected>' in page
    assert '<details class="fold mt-3" open>' in page
    assert '<details class="fold mt-3">' in looked_for(owner, "/?search=a")


@pytest.mark.usefixtures("three")
def test_turning_the_page_keeps_the_filters(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_views, "PAGE_SIZE", 1)
    page = looked_for(owner, "/?tag=pilot&ordering=title")
    assert titles(page) == ["Anna"]
    match = re.search(r'href="([^"]+)">Next<', page)
    assert match is not None
    link = html.unescape(match[1])
    assert parse_qs(urlsplit(link).query) == {"tag": ["pilot"], "ordering": ["title"], "page": ["2"]}
    assert titles(looked_for(owner, f"/{link}")) == ["Carla"]


@pytest.mark.usefixtures("three")
def test_nothing_found_says_so_and_leads_back_to_all(owner: Client) -> None:
    page = looked_for(owner, "/?search=zebra")
    assert "No recordings found" in page
    assert "None of your recordings matches" in page
    assert '<a class="btn btn-quiet" href="/">Show all recordings</a>' in page
    assert "No recordings yet" not in page


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "query",
    ["status=asleep", "project=Pilot", "created_after=soon", "tag=" + "a," * MAX_TAGS, "search=a" + "+a" * MAX_WORDS],
)
def test_what_cannot_be_looked_for_is_said_and_finds_nothing(owner: Client, query: str) -> None:
    page = looked_for(owner, f"/?{query}")
    assert "This search is not possible." in page
    assert titles(page) == []


@pytest.mark.usefixtures("three")
def test_a_project_shows_what_it_is(owner: Client, user: User, project: Project) -> None:
    projects_and_tags.update_project(project=project, description="Twelve interviews.")
    page = looked_for(owner, f"/?project={project.pk}")
    assert titles(page) == ["Ben"]
    assert "Twelve interviews." in page
    assert f'href="/projects/{project.pk}/zip/"' in page
    projects_and_tags.update_recording(recording=user.recordings.get(title="Ben"), project=None)
    page = looked_for(owner, f"/?project={project.pk}")
    assert "No recording in this project yet" in page
    assert f'href="/recordings/new/?project={project.pk}"' in page


def test_a_tag_with_signs_in_it_leads_to_its_recordings(owner: Client, user: User) -> None:
    recording = finished("happy", recording__owner=user, recording__title="Anna").recording
    projects_and_tags.update_recording(recording=recording, tags=["R&D + 50 %"])
    match = re.search(r'class="tag" href="([^"]+)"', looked_for(owner, "/"))
    assert match is not None
    assert titles(looked_for(owner, f"/{html.unescape(match[1])}")) == ["Anna"]


@pytest.mark.usefixtures("three")
def test_filters_cost_the_same_however_much_there_is(
    owner: Client, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = "/?search=a&label=happy&tag=pilot&project=none&ordering=title"
    owner.get(address)
    with django_assert_num_queries(9):
        assert len(titles(looked_for(owner, address))) == 2
    for number in range(4):
        recording = finished("happy", recording__owner=user, recording__title=f"A {number}").recording
        projects_and_tags.update_recording(recording=recording, tags=["pilot", f"tag {number}"])
        projects_and_tags.create_project(owner=user, name=f"Project {number}")
    with django_assert_num_queries(9):
        assert len(titles(looked_for(owner, address))) == 6
