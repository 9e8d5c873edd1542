"""Where the face was, over REST."""

from collections.abc import Callable
from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inference.types import Face, Faces
from tests.webapp.factories import AnalysisFactory, a_timeline, claimed, published
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.models import Analysis, FaceTrack

FACES = Faces(0.24, (Face(0.12, -3, 4, 20, 30), Face(0.6, 5, 6, 21, 31)))


def with_faces(owner: User, faces: Faces) -> Analysis:
    analysis = AnalysisFactory.create(recording__owner=owner)
    publish_timeline(claimed(analysis), replace(a_timeline("happy"), faces=faces))
    analysis.refresh_from_db()
    return analysis


def test_boxes_are_those_of_the_timeline(api: APIClient, owner: User) -> None:
    analysis = with_faces(owner, FACES)
    answer = api.get(f"/api/v1/analyses/{analysis.pk}/faces/")
    assert answer.json() == {
        "step_s": 0.24,
        "width": analysis.recording.width,
        "height": analysis.recording.height,
        "boxes": [[0.12, -3, 4, 20, 30], [0.6, 5, 6, 21, 31]],
    }
    assert selectors.timeline(analysis).faces == FACES  # type: ignore[union-attr]
    exported = api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()
    assert exported["faces"] == {"step_s": 0.24, "boxes": answer.json()["boxes"]}


def test_a_recording_without_any_face_has_an_empty_list(api: APIClient, owner: User) -> None:
    analysis = with_faces(owner, Faces(0.24, ()))
    assert api.get(f"/api/v1/analyses/{analysis.pk}/faces/").json()["boxes"] == []


def test_two_hours_are_one_row(owner: User) -> None:
    faces = Faces(0.24, tuple(Face(round(0.24 * n + 0.12, 3), n, n, 9, 9) for n in range(30_000)))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        analysis = with_faces(owner, faces)
    assert FaceTrack.objects.count() == 1
    assert len([one for one in queries if "facetrack" in one["sql"] and "INSERT" in one["sql"]]) == 1
    assert selectors.face_track(analysis) == faces


def test_an_old_analysis_says_why_it_has_none(api: APIClient, owner: User) -> None:
    analysis = published("happy", recording__owner=owner)
    answer = api.get(f"/api/v1/analyses/{analysis.pk}/faces/")
    assert (answer.status_code, answer.json()["code"]) == (404, "faces_not_kept")
    assert "faces" not in api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()


def test_before_there_is_a_timeline_they_are_not_ready(api: APIClient, owner: User) -> None:
    answer = api.get(f"/api/v1/analyses/{AnalysisFactory.create(recording__owner=owner).pk}/faces/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_they_are_nobody_elses(client_of: Callable[..., APIClient], owner: User, stranger: User) -> None:
    analysis = with_faces(owner, FACES)
    assert client_of(stranger).get(f"/api/v1/analyses/{analysis.pk}/faces/").status_code == 404
