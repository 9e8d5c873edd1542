"""Markers on the result page and on pages of their own; the tab of markers."""

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import MarkerFactory, ProjectFactory, StimulusFactory, UserFactory
from tests.webapp.factories import finished as finished_recording
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings.models import Project, Recording
from webapp.studies.models import Marker

HTMX = {"HX-Request": "true"}


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


@pytest.fixture
def analysis(user: User, project: Project) -> Analysis:
    return finished_recording("happy", "sad", recording__owner=user, recording__project=project)


@pytest.fixture
def recording(analysis: Analysis) -> Recording:
    return analysis.recording


def test_the_result_page_has_a_lane_of_its_markers(owner: Client, analysis: Analysis, recording: Recording) -> None:
    page = owner.get(f"/analyses/{analysis.pk}/").content.decode()
    assert 'id="marker-lane" class="lane" hidden' in page
    assert "press <kbd>B</kbd>" in page
    MarkerFactory.create(recording=recording, kind="baseline", name="rest", start_s=1, end_s=3)
    page = owner.get(f"/analyses/{analysis.pk}/").content.decode()
    share = 100 / recording.duration_s
    assert f'x="{share:.3f}%" width="{2 * share:.3f}%"' in page
    assert 'class="lane-baseline"' in page and "rest" in page


def test_one_is_set_changed_and_deleted_and_comes_back(owner: Client, recording: Recording) -> None:
    address = f"/recordings/{recording.pk}/markers/"
    answer = owner.post(address, {"start_s": "1.5", "end_s": "", "kind": "event", "name": "smile"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    marker = Marker.objects.get()
    assert (marker.start_s, marker.end_s, marker.source) == (1.5, 1.5, "person")
    assert 'value="1.5"' in owner.get(f"/markers/{marker.pk}/").content.decode()
    owner.post(f"/markers/{marker.pk}/", {"start_s": "1", "end_s": "2", "kind": "baseline", "name": "rest"})
    marker.refresh_from_db()
    assert (marker.start_s, marker.end_s, marker.kind, marker.name) == (1, 2, "baseline", "rest")
    page = owner.post(f"/markers/{marker.pk}/delete/", headers=HTMX).content.decode()
    assert "is deleted" in page and "Undo" in page and 'hx-swap-oob="true"' in page
    assert not Marker.objects.exists()
    assert 'name="start_s" value="1.000"' in page
    owner.post(address, {"start_s": "1.000", "end_s": "2.000", "kind": "baseline", "name": "rest"}, headers=HTMX)
    assert Marker.objects.get().name == "rest"


def test_what_cannot_be_is_said_and_nothing_is_stored(owner: Client, recording: Recording) -> None:
    address = f"/recordings/{recording.pk}/markers/"
    for data, said in (
        ({"start_s": "1", "end_s": "900", "kind": "event"}, "is outside of the recording"),
        ({"start_s": "", "end_s": "2", "kind": "event"}, "Say when it begins."),
        ({"start_s": "soon", "kind": "event"}, "This is no number of seconds."),
    ):
        answer = owner.post(address, data)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert owner.post(address, data, headers=HTMX).status_code == 200  # htmx shows no refusals
    assert not Marker.objects.exists()


def test_markers_come_from_a_file(owner: Client, recording: Recording) -> None:
    address = f"/recordings/{recording.pk}/markers/import/"
    table = SimpleUploadedFile("markers.csv", b"start,end,kind,name\n0,2,baseline,rest\n3,4,event,smile\n")
    assert owner.post(address, {"file": table}).status_code == 302
    assert set(recording.markers.values_list("name", "source")) == {("rest", "import:csv"), ("smile", "import:csv")}
    wrong = SimpleUploadedFile("markers.csv", b"start\nsoon\n")
    assert "is no number of seconds" in owner.post(address, {"file": wrong}).content.decode()
    assert "Choose a file first." in owner.post(address, {}).content.decode()


def test_an_import_says_what_was_there_already(owner: Client, recording: Recording) -> None:
    address = f"/recordings/{recording.pk}/markers/import/"

    def imported(*names: str) -> str:
        rows = "".join(f"{number},{number + 1},event,{name}\n" for number, name in enumerate(names))
        file = SimpleUploadedFile("markers.csv", f"start,end,kind,name\n{rows}".encode())
        page = owner.post(address, {"file": file}, headers=HTMX).content.decode()
        return page.partition('role="status">')[2].partition("<")[0]

    assert imported("smile") == "1 new marker added."
    assert imported("smile", "frown", "nod") == "2 new markers added. 1 was there already."
    assert imported("smile", "frown", "nod", "gasp") == "1 new marker added. 3 were there already."
    assert imported("smile") == "All markers of the file are there already: none is added."


def test_a_file_may_be_large_on_pages_too(owner: Client, project: Project, recording: Recording) -> None:
    for address in (f"/recordings/{recording.pk}/markers/import/", f"/projects/{project.pk}/markers/import/"):
        rows = f"recording,start,name\n{recording.pk},1,smile\n".encode() + b"\n" * 2 * settings.BODY_BYTES
        answer = owner.post(address, {"file": SimpleUploadedFile("markers.csv", rows)})
        assert answer.status_code == 302, address
        assert recording.markers.get().name == "smile"
        forged = Client(enforce_csrf_checks=True)
        forged.force_login(recording.owner)
        assert forged.post(address, {"file": SimpleUploadedFile("markers.csv", rows)}).status_code == 403


def test_htmx_says_a_refusal_at_the_form(user: User, owner: Client, recording: Recording) -> None:
    User.objects.filter(pk=user.pk).update(quota_bytes=1)
    address = f"/recordings/{recording.pk}/markers/import/"
    file = SimpleUploadedFile("large.csv", b"onset,duration,trial_type\n" + b"\n" * 2**21)
    refused = owner.post(address, {"file": file}, headers=HTMX)
    page = refused.content.decode()
    assert (refused.status_code, page.count("<html")) == (200, 0)
    assert '<span class="field-error" id="markers-file_error" role="alert">1.0 MB are more than' in page
    file.seek(0)
    assert owner.post(address, {"file": file}).status_code == 413
    assert not Marker.objects.exists()


def test_chosen_recordings_get_the_markers_of_a_template(owner: Client, recording: Recording) -> None:
    chosen = {"recording": [recording.pk], "sure": "1"}
    address = "/recordings/chosen/markers/"
    for wrong, said in (
        ("0, 10", "Line 1: “” is none of"),
        ("0; 2; baseline; rest\n\n0; x; event", "Line 3: “x” is no number"),
        ("0, 900, baseline", "is outside of the recording"),
    ):
        answer = owner.post(address, chosen | {"markers": wrong})
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert not Marker.objects.exists()
    owner.post(address, chosen | {"markers": "0, 2, baseline, rest\n3, , event, smile"})
    found = recording.markers.order_by("start_s").values_list("start_s", "end_s", "kind", "name", "source")
    assert list(found) == [(0, 2, "baseline", "rest", "template"), (3, 3, "event", "smile", "template")]


def test_the_tab_counts_markers_and_lists_stimuli(owner: Client, project: Project, recording: Recording) -> None:
    address = f"/projects/{project.pk}/markers/"
    assert "No stimuli yet" in owner.get(address).content.decode()
    MarkerFactory.create_batch(2, recording=recording, kind="event")
    assert '<td class="numbers">2</td>' in owner.get(address).content.decode()
    StimulusFactory.create(project=project, name="advert A", length_s=4.5)
    page = owner.get(address).content.decode()
    assert "advert A" in page and "4.5 s" in page


def test_a_file_names_the_recordings_of_its_rows(owner: Client, project: Project, recording: Recording) -> None:
    address = f"/projects/{project.pk}/markers/import/"
    rows = f"recording,start,end,kind,name\n{recording.pk},0,1,event,smile\n".encode()
    assert owner.post(address, {"file": SimpleUploadedFile("all.csv", rows)}).status_code == 302
    assert recording.markers.get().name == "smile"
    unknown = SimpleUploadedFile("all.csv", b"recording,start,end,kind,name\nnobody,0,1,event,x\n")
    answer = owner.post(address, {"file": unknown})
    assert answer.status_code == 422
    assert "nobody" in answer.content.decode()


def test_whom_a_project_is_shared_with_reads_only(project: Project, analysis: Analysis, recording: Recording) -> None:
    marker = MarkerFactory.create(recording=recording, name="smile")
    StimulusFactory.create(project=project, name="advert A")
    reader = UserFactory.create()
    sharing.with_person(project, reader)
    client = Client()
    client.force_login(reader)
    for path in (
        f"/projects/{project.pk}/markers/",
        f"/recordings/{recording.pk}/markers/",
        f"/analyses/{analysis.pk}/",
    ):
        page = client.get(path).content.decode()
        assert "smile" in page or "advert A" in page
        assert "marker-form" not in page and "Add a stimulus" not in page and f"/markers/{marker.pk}/" not in page
    assert client.post(f"/recordings/{recording.pk}/markers/", {"start_s": "1", "kind": "event"}).status_code == 404
    assert client.post(f"/markers/{marker.pk}/delete/").status_code == 404


def test_more_recordings_ask_no_more_of_the_database(
    owner: Client, project: Project, recording: Recording, django_assert_num_queries: Any
) -> None:
    address = f"/projects/{project.pk}/markers/"
    owner.get(address)
    with django_assert_num_queries(6):
        owner.get(address)
    for _ in range(3):
        other = finished_recording("happy", recording__owner=project.owner, recording__project=project).recording
        MarkerFactory.create(recording=other)
    with django_assert_num_queries(6):
        owner.get(address)
