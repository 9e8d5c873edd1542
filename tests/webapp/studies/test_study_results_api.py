"""Tables and comparisons over REST: who gets them, what is refused, what is saved."""

import io
from typing import Any

import pandas as pd
import pytest
from rest_framework.test import APIClient

from tests.webapp import sharing
from tests.webapp.factories import UserFactory
from tests.webapp.studies.studies import study
from webapp.accounts.models import User
from webapp.audit.models import Action, Entry
from webapp.recordings.models import Project

pytestmark = pytest.mark.django_db

QUESTION = {"measures": ["mean_probability_happy", "valence"], "factor": "condition"}


@pytest.fixture
def project() -> Project:
    return study(participants=4)


def client_of(person: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_table_is_csv_or_parquet_in_the_unit_that_is_asked_for(project: Project) -> None:
    client, root = client_of(project.owner), f"/api/v1/projects/{project.pk}"
    csv = client.get(f"{root}/table/?unit=marker&model=")
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{project.name}-markers.csv"' in csv.headers["Content-Disposition"]
    table = pd.read_csv(io.BytesIO(content(csv)))
    parquet = pd.read_parquet(io.BytesIO(content(client.get(f"{root}/table/?unit=marker&format=parquet"))))
    assert table["mean_probability_happy"].tolist() == pytest.approx(parquet["mean_probability_happy"].tolist())
    book = pd.read_csv(io.BytesIO(content(client.get(f"{root}/codebook/"))))
    assert book["column"].dropna().tolist() == list(table.columns)
    assert content(client.get(f"{root}/bids/")).startswith(b"PK")
    assert client.get(f"{root}/table/?unit=person").json()["errors"].keys() == {"unit"}
    assert Entry.objects.filter(action=Action.STUDY_EXPORTED, object_id=str(project.pk)).count() == 1


def test_whom_the_project_is_shared_with_downloads_where_that_is_allowed(project: Project) -> None:
    viewer, keeper = UserFactory.create(), UserFactory.create()
    sharing.with_person(project, viewer)
    sharing.with_person(project, keeper, may_download=True)
    saved = client_of(project.owner).post(
        f"/api/v1/projects/{project.pk}/comparisons/?save=true", QUESTION | {"name": "Happier"}, format="json"
    )
    root = f"/api/v1/projects/{project.pk}"
    for path in ("table/", "codebook/", "bids/", f"comparisons/{saved.json()['id']}/csv/"):
        assert client_of(viewer).get(f"{root}/{path}").json()["code"] == "view_only"
        assert client_of(keeper).get(f"{root}/{path}").status_code == 200
    assert client_of(viewer).get(f"{root}/comparisons/").json()["results"][0]["name"] == "Happier"
    assert client_of(viewer).get(f"{root}/comparisons/{saved.json()['id']}/").json() == saved.json()
    assert client_of(keeper).post(f"{root}/comparisons/", QUESTION, format="json").status_code == 404


def test_a_comparison_is_computed_and_kept_only_on_request(project: Project) -> None:
    client, address = client_of(project.owner), f"/api/v1/projects/{project.pk}/comparisons/"
    result = client.post(address, QUESTION, format="json")
    assert result.status_code == 200 and len(result.json()["measures"]) == 2
    assert not project.comparisons.exists()
    saved = client.post(f"{address}?save=true", QUESTION | {"name": "Happier"}, format="json")
    assert saved.status_code == 201 and saved.json()["result"] == result.json()
    one = f"{address}{saved.json()['id']}/"
    for format, beginning in (("svg", b"<svg"), ("csv", b"measure"), ("html", b"<!doctype html>")):
        answer = client.get(f"{one}{format}/")
        assert content(answer).lstrip().startswith(beginning)
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"{one}pdf/").json()["code"] == "unknown_format"
    assert client.delete(one).status_code == 204 and not project.comparisons.exists()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"factor": "weather"}, "invalid", "factor"),
        ({"factor": "age"}, "invalid", "factor"),
        ({"covariate": "condition"}, "invalid", "covariate"),
        ({"stimulus": "film"}, "invalid", "stimulus"),
        ({"measures": []}, "invalid", "measures"),
        ({"measures": ["bored"]}, "comparison_measure", "measures"),
        ({"levels": ["a"]}, "comparison_levels", None),
        ({"paired": True}, "comparison_too_few", None),
        ({"model": "nobody"}, "nothing_to_compare", None),
    ],
)
def test_what_cannot_be_compared_has_a_code(
    project: Project, change: dict[str, Any], code: str, field: str | None
) -> None:
    address = f"/api/v1/projects/{project.pk}/comparisons/"
    answer = client_of(project.owner).post(address, QUESTION | change, format="json").json()
    assert answer["code"] == code
    assert set(answer.get("errors", {})) == ({field} if field else set())


def test_a_comparison_is_saved_under_a_name(project: Project) -> None:
    address = f"/api/v1/projects/{project.pk}/comparisons/?save=true"
    answer = client_of(project.owner).post(address, QUESTION, format="json")
    assert answer.status_code == 400 and set(answer.json()["errors"]) == {"name"}
