"""A study over REST, from the names of recordings to values and markers."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.inference import playback
from tests.webapp import clips
from tests.webapp.factories import MarkerFactory, ParticipantFactory, ProjectFactory, RecordingFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies.models import Marker, VariableValue


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def test_participants_are_made_listed_renamed_merged_and_deleted(api: APIClient, project: Project) -> None:
    place = f"/api/v1/projects/{project.pk}/participants/"
    first = api.post(place, {"code": "P02"}).json()
    second = api.post(place, {"code": "P01"}).json()
    assert api.post(place, {"code": "p01"}).json()["code"] == "name_taken"
    RecordingFactory.create(owner=project.owner, project=project, participant_id=first["id"])
    assert [(row["code"], row["count"]) for row in api.get(place).json()["results"]] == [("P01", 0), ("P02", 1)]
    assert api.patch(f"/api/v1/participants/{second['id']}/", {"code": "P03"}).json()["code"] == "P03"
    merged = api.post(f"/api/v1/participants/{first['id']}/merge/", {"into": second["id"]}).json()
    assert merged == {"id": second["id"], "code": "P03", "count": 1}
    assert api.delete(f"/api/v1/participants/{second['id']}/").status_code == 204
    assert api.get(place).json()["results"] == []


def test_a_preview_of_a_table_changes_nothing(api: APIClient, project: Project) -> None:
    ParticipantFactory.create(project=project, code="P01")
    sent = {"table": "participant\tgroup\tage\nP01\ta\t31\nP02\tb\told\nP03\tb\t3\n"}
    place = f"/api/v1/projects/{project.pk}/values/"
    api.post(f"/api/v1/projects/{project.pk}/variables/", {"name": "age", "kind": "number", "unit_of": "participant"})
    plan = api.put(f"{place}?preview=true", sent, format="json").json()
    assert plan["new_participants"] == ["P02", "P03"]
    assert plan["new_variables"] == [
        {"name": "group", "kind": "category", "unit_of": "participant", "levels": ["a", "b"]}
    ]
    assert plan["changes"][0] == {"unit": "P01", "variable": "group", "old": None, "new": "a"}
    assert [problem.partition(":")[0] for problem in plan["problems"]] == ["Row 3, column “age”"]
    refused = api.put(place, sent, format="json")
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "value_table", "table")
    assert not VariableValue.objects.exists()
    sent["table"] = sent["table"].replace("old", "30")
    assert api.put(place, sent, format="json").json()["changed"] == 6
    found = api.get(place).json()
    assert found["variables"] == ["age", "group"]
    assert [(row["name"], row["values"]) for row in found["rows"]] == [
        ("P01", {"age": 31.0, "group": "a"}),
        ("P02", {"age": 30.0, "group": "b"}),
        ("P03", {"age": 3.0, "group": "b"}),
    ]


def test_names_of_recordings_set_participants(api: APIClient, project: Project) -> None:
    for title in ("P01_cola", "P02_tea", "holiday"):
        RecordingFactory.create(owner=project.owner, project=project, title=title)
    place, sent = f"/api/v1/projects/{project.pk}/name-pattern/", {"pattern": "{participant}_{advert}"}
    plan = api.post(f"{place}?preview=true", sent, format="json").json()
    assert plan["new_participants"] == ["P01", "P02"]
    assert plan["names"][0]["values"] == {"participant": "P01", "advert": "cola"}
    assert plan["names"][2]["values"] is None
    assert api.get(f"/api/v1/projects/{project.pk}/participants/").json()["results"] == []
    assert api.post(place, sent, format="json").status_code == 200
    rows = api.get(f"/api/v1/projects/{project.pk}/values/?unit_of=recording").json()["rows"]
    assert [(row["name"], row["values"]) for row in rows] == [
        ("P01_cola", {"advert": "cola"}),
        ("P02_tea", {"advert": "tea"}),
        ("holiday", {}),
    ]
    assert api.post(place, {"pattern": "nothing"}, format="json").json()["code"] == "name_pattern"


def test_a_recording_names_its_participant_and_is_found_by_it(api: APIClient, project: Project) -> None:
    participant = ParticipantFactory.create(project=project, code="P01")
    recording, other = RecordingFactory.create_batch(2, owner=project.owner, project=project)
    place = f"/api/v1/recordings/{recording.pk}/"
    changed = api.patch(place, {"participant": str(participant.pk)}, format="json").json()
    assert (changed["participant"], changed["participant_code"], changed["lost"]) == (str(participant.pk), "P01", [])
    found = api.get(f"/api/v1/recordings/?participant={participant.pk}").json()["results"]
    assert [row["id"] for row in found] == [str(recording.pk)]
    assert api.get(f"/api/v1/recordings/{other.pk}/").json()["participant_code"] is None
    foreign = ParticipantFactory.create()
    assert api.patch(place, {"participant": str(foreign.pk)}, format="json").status_code == 400
    left = api.patch(place, {"project": None}, format="json").json()
    assert (left["participant"], left["lost"]) == (None, ["participant"])


def test_markers_are_added_replaced_changed_and_deleted(api: APIClient, project: Project) -> None:
    recording = RecordingFactory.create(owner=project.owner, project=project)
    stimulus = StimulusFactory.create(project=project, name="Advert")
    place = f"/api/v1/recordings/{recording.pk}/markers/"
    made = api.post(place, {"start_s": 1, "end_s": 3, "name": "Advert"}, format="json").json()
    assert (made["kind"], made["stimulus"], made["source"]) == ("stimulus", str(stimulus.pk), "person")
    moment = api.post(place, {"start_s": 2}, format="json").json()
    assert (moment["kind"], moment["end_s"]) == ("event", 2.0)
    changed = api.patch(f"/api/v1/markers/{moment['id']}/", {"name": "laugh"}, format="json").json()
    assert changed["name"] == "laugh"
    assert api.patch(f"/api/v1/markers/{moment['id']}/", {"end_s": 99}, format="json").json()["code"] == "marker_range"
    whole = {"markers": [{"start_s": 0, "end_s": 1, "kind": "baseline"}, {"start_s": 1, "end_s": 3, "name": "Advert"}]}
    saved = api.put(place, whole, format="json").json()
    assert [marker["kind"] for marker in saved] == ["baseline", "stimulus"]
    assert saved[1]["id"] == made["id"]
    assert api.get(place).json() == saved
    listed = api.get(f"/api/v1/projects/{project.pk}/markers/").json()["results"]
    assert {marker["id"] for marker in listed} == {marker["id"] for marker in saved}
    assert api.delete(f"/api/v1/markers/{made['id']}/").status_code == 204
    assert Marker.objects.count() == 1


def test_the_markers_of_a_project_are_listed_once_each_by_recording_and_time(api: APIClient, project: Project) -> None:
    recordings = RecordingFactory.create_batch(3, owner=project.owner, project=project)
    for recording in recordings:
        times = [*range(1, 3), *[0] * 1100]  # more with one position than a page has
        Marker.objects.bulk_create(
            Marker(recording=recording, start_s=time_s, end_s=time_s, kind="event", source="person") for time_s in times
        )
    address, found = f"/api/v1/projects/{project.pk}/markers/?page_size=500", list[Any]()
    while address:
        assert len(found) <= Marker.objects.count()
        page = api.get(address).json()
        found += page["results"]
        address = page["next"]
    assert len({marker["id"] for marker in found}) == len(found) == Marker.objects.count()
    order = [(marker["recording"], marker["start_s"]) for marker in found]
    assert order == sorted(order)


def test_a_template_marks_many_recordings_or_none(api: APIClient, project: Project) -> None:
    recordings = [RecordingFactory.create(owner=project.owner, project=project, duration_s=length) for length in (9, 3)]
    place = f"/api/v1/projects/{project.pk}/markers/"
    sent: dict[str, Any] = {
        "recordings": [str(recording.pk) for recording in recordings],
        "markers": [{"start_s": 1, "end_s": 4, "kind": "exclude"}],
    }
    refused = api.post(place, sent, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "marker_range")
    assert not Marker.objects.exists()
    sent["markers"][0]["end_s"] = 2
    assert len(api.post(place, sent, format="json").json()) == 2
    elsewhere = RecordingFactory.create(owner=project.owner)
    refused = api.post(place, sent | {"recordings": [str(elsewhere.pk)]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_in_project")


def test_stimuli_are_listed_with_their_markers(api: APIClient, project: Project) -> None:
    place = f"/api/v1/projects/{project.pk}/stimuli/"
    assert api.post(place, {"name": "Advert"}, format="json").json()["code"] == "stimulus_length"
    assert api.post(place, {"name": "Advert", "length_s": 0}, format="json").json()["code"] == "stimulus_length"
    assert api.post(place, {"name": "Advert", "length_s": "nan"}, format="json").json()["code"] == "invalid"
    made = api.post(place, {"name": "Advert", "length_s": 4}, format="json").json()
    MarkerFactory.create(
        recording=RecordingFactory.create(owner=project.owner, project=project), stimulus_id=made["id"]
    )
    (listed,) = api.get(place).json()["results"]
    assert (listed["name"], listed["length_s"], listed["count"]) == ("Advert", 4.0, 1)
    assert api.patch(f"/api/v1/stimuli/{made['id']}/", {"name": "Spot"}, format="json").json()["name"] == "Spot"
    assert api.get(f"{place}{made['id']}/video/").status_code == 404
    assert api.delete(f"/api/v1/stimuli/{made['id']}/").status_code == 204


def test_a_stimulus_is_a_picture_in_its_place(api: APIClient, project: Project, media_root: Path) -> None:
    place = f"/api/v1/projects/{project.pk}/stimuli/"
    first = api.post(place, {"name": "Text", "length_s": 4}, format="json").json()
    sent = {"name": "Beach", "length_s": 3, "picture": SimpleUploadedFile("beach.webp", clips.picture(".webp"))}
    made = api.post(place, sent, format="multipart").json()
    assert (made["medium"], made["position"], made["original_name"]) == ("picture", 1, "beach.webp")
    assert first["medium"] == "none"
    picture = api.get(f"{place}{made['id']}/picture/")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]
    assert api.get(f"{place}{made['id']}/video/").status_code == 404
    assert api.patch(f"/api/v1/stimuli/{made['id']}/", {"position": 0}, format="json").status_code == 200
    assert [each["name"] for each in api.get(place).json()["results"]] == ["Beach", "Text"]
    assert api.patch(f"/api/v1/stimuli/{made['id']}/", {"position": -1}, format="json").status_code == 400


def test_a_stimulus_has_one_file_that_can_be_read(
    api: APIClient, project: Project, media_root: Path, tmp_path: Path
) -> None:
    place = f"/api/v1/projects/{project.pk}/stimuli/"
    files = {
        "video": SimpleUploadedFile("a.mp4", clips.video()),
        "picture": SimpleUploadedFile("a.png", clips.picture()),
    }
    assert api.post(place, {"name": "Both", "length_s": 3} | files, format="multipart").status_code == 400
    page = SimpleUploadedFile("a.png", b"<svg onload='alert(1)'/>", content_type="image/png")
    refused = api.post(place, {"name": "Page", "length_s": 3, "picture": page}, format="multipart")
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (415, "not_a_picture", "picture")
    avi = SimpleUploadedFile("a.avi", playback.video(tmp_path, "avi", playback.H264, "aac").read_bytes())
    unplayable = api.post(place, {"name": "Film", "video": avi}, format="multipart")
    problem = unplayable.json()
    assert (unplayable.status_code, problem["code"], problem["field"]) == (415, "not_playable", "video")
    assert "AVI with H.264 and AAC" in problem["detail"]
    assert not project.stimuli.exists()


def test_blanks_in_names_are_as_in_pasted_tables(api: APIClient, project: Project) -> None:
    place, stimuli = f"/api/v1/projects/{project.pk}/variables/", f"/api/v1/projects/{project.pk}/stimuli/"
    made = {"name": "the  group", "kind": "category", "unit_of": "participant", "levels": ["a  b"]}
    variable = api.post(place, made, format="json").json()
    assert (variable["name"], variable["levels"]) == ("the group", ["a b"])
    table = {"table": "participant,the  group\nP01,a  b\n"}
    plan = api.put(f"/api/v1/projects/{project.pk}/values/", table, format="json").json()
    assert (plan["new_variables"], plan["new_levels"]) == ([], {})
    changed = api.patch(f"/api/v1/variables/{variable['id']}/", {"name": "a\tgroup", "levels": ["c  d", "a  b"]})
    assert (changed.json()["name"], changed.json()["levels"]) == ("a group", ["c d", "a b"])
    assert api.patch(f"/api/v1/variables/{variable['id']}/", {"levels": ["a b", "a  b"]}).status_code == 409
    stimulus = api.post(stimuli, {"name": "Advert  A", "length_s": 2}, format="json").json()
    assert stimulus["name"] == "Advert A"
    assert api.post(stimuli, {"name": "Advert A", "length_s": 2}, format="json").json()["code"] == "name_taken"
    address = f"/api/v1/stimuli/{stimulus['id']}/"
    assert api.patch(address, {"name": "Advert  B"}, format="json").json()["name"] == "Advert B"
    recording = RecordingFactory.create(owner=project.owner, project=project)
    marker = {"start_s": 0, "end_s": 2, "kind": "stimulus", "name": "Advert  B"}
    api.post(f"/api/v1/recordings/{recording.pk}/markers/", marker, format="json")
    assert Marker.objects.get().stimulus_id == UUID(stimulus["id"])


def test_what_was_said_is_kept_and_found(api: APIClient, project: Project) -> None:
    recording, other = RecordingFactory.create_batch(2, owner=project.owner, project=project)
    place = f"/api/v1/recordings/{recording.pk}/transcript/"
    lines = [{"start_s": 3, "end_s": 4, "text": "Thanks"}, {"start_s": 0, "end_s": 2, "text": "Good morning all"}]
    saved = api.put(place, {"lines": lines}, format="json").json()
    assert [line["text"] for line in saved["lines"]] == ["Good morning all", "Thanks"]
    api.put(f"/api/v1/recordings/{other.pk}/transcript/", {"lines": lines[:1]}, format="json")
    for words, count in (("morning good", 1), ("thanks", 2), ("morning thanks", 0)):
        found = api.get("/api/v1/recordings/", {"said": words}).json()["results"]
        assert len(found) == count
    lines[0]["end_s"] = 11
    assert api.put(place, {"lines": lines}, format="json").json()["code"] == "marker_range"
    assert api.get(place).json() == saved
    assert api.delete(place).status_code == 204
    assert api.get(place).json() == {"lines": []}
    assert api.get("/api/v1/recordings/", {"said": " ".join(["x"] * 11)}).status_code == 400
