"""What comes out of an analysis: its state, timeline, scores, files; stopping it and beginning again."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from inference.export import WRITERS, decode_timeline
from inference.types import UNDETERMINED
from tests.inference.timelines import fused
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, a_timeline, finished, published
from tests.webapp.sharing import with_person
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.execution.lease import claim
from webapp.analyses.models import Analysis, Segment, WindowScore
from webapp.recordings.models import Project, Tag

API = "/api/v1/"


@pytest.fixture
def analysis(owner: User) -> Analysis:
    return finished("happy", UNDETERMINED, "happy", "sad", recording__owner=owner, recording__title="Änna: 1st / visit")


@pytest.fixture
def waiting(owner: User) -> Analysis:
    return AnalysisFactory.create(recording__owner=owner)


def test_the_state_says_what_there_is(api: APIClient, analysis: Analysis) -> None:
    state = api.get(f"{API}analyses/{analysis.pk}/").json()
    assert (state["status"], state["progress"], state["attempt"], state["has_video"]) == ("succeeded", 1.0, 1, True)
    assert state["summary"] == {
        "label": "happy",
        "share": {"neutral": 0.0, "happy": 0.5, "sad": 0.25, UNDETERMINED: 0.25},
        "mean_probability": {"neutral": 0.1, "happy": 0.567, "sad": 0.333},
        "valence": {
            "label": "positive",
            "confidence": 0.567,
            "probabilities": {"negative": 0.333, "neutral": 0.1, "positive": 0.567},
        },
        "arousal": {"label": "high", "confidence": 0.567, "probabilities": {"low": 0.433, "high": 0.567}},
        "audio_video": None,
    }
    assert state["notice"] and state["models_used"][0]["sha256"]
    assert state["error_code"] is None


def test_the_state_of_what_waits_has_no_results(api: APIClient, waiting: Analysis) -> None:
    state = api.get(f"{API}analyses/{waiting.pk}/").json()
    assert (state["status"], state["stage"], state["summary"], state["has_video"]) == ("queued", None, None, False)


def test_the_timeline_tiles_the_recording(api: APIClient, analysis: Analysis) -> None:
    rows = api.get(f"{API}analyses/{analysis.pk}/segments/").json()["results"]
    assert [(row["start_s"], row["end_s"], row["label"]) for row in rows] == [
        (0.0, 2.5, "happy"),
        (2.5, 5.0, UNDETERMINED),
        (5.0, 7.5, "happy"),
        (7.5, 10.0, "sad"),
    ]
    assert rows[0]["probabilities"] == {"neutral": 0.1, "happy": 0.8, "sad": 0.1}
    assert rows[1]["evidence"] == {"face": 0.0, "voice": 0.25, "eeg": 0.0}
    assert rows[1]["confidence"] == 0.0
    assert rows[3]["valence"] == {
        "label": "negative",
        "confidence": 0.8,
        "probabilities": {"negative": 0.8, "neutral": 0.1, "positive": 0.1},
    }
    assert (rows[3]["arousal"]["label"], rows[1]["arousal"]["label"]) == ("low", UNDETERMINED)
    assert (rows[3]["reason"], rows[1]["reason"], rows[3]["voice_novelty"]) == (None, "too_little", 0.25)


def test_the_scores_under_the_timeline_are_there(api: APIClient, analysis: Analysis) -> None:
    row = api.get(f"{API}analyses/{analysis.pk}/windows/").json()["results"][0]
    assert row == {
        "start_s": 0.0,
        "end_s": 2.5,
        "source": "audio-video",
        "face": 1.0,
        "voice": 0.25,
        "logits": [1.0, 2.0, 3.0],
        "probabilities": [0.1, 0.8, 0.1],
        "unimodal": None,
        "voice_novelty": 0.25,
    }


@pytest.fixture
def with_eeg(owner: User) -> Analysis:
    about = {"owner": owner, "duration_s": 80.0, "width": 1280, "height": 720, "fps": 29.97, "title": "Visit"}
    return published(timeline=fused(), **{f"recording__{name}": value for name, value in about.items()})


def test_what_each_modality_says_survives_the_database(api: APIClient, with_eeg: Analysis) -> None:
    assert selectors.published_timeline(with_eeg) == fused()
    written = api.get(f"{API}analyses/{with_eeg.pk}/export/json/").content
    assert decode_timeline(json.loads(written)) == fused()
    assert json.loads(written)["summary"]["audio_video"]["label"] == "happy"


def test_rest_says_what_each_modality_says(api: APIClient, with_eeg: Analysis) -> None:
    summary = api.get(f"{API}analyses/{with_eeg.pk}/").json()["summary"]
    assert (summary["label"], summary["audio_video"]["label"]) == ("sad", "happy")
    assert summary["audio_video"]["mean_probability"] == {"neutral": 0.16, "happy": 0.58, "sad": 0.26}
    rows = api.get(f"{API}analyses/{with_eeg.pk}/segments/").json()["results"]
    assert set(rows[0]["unimodal"]) == {"face", "voice", "eeg", "audio-video"}
    assert rows[0]["unimodal"]["face"] == {"neutral": 0.25, "happy": 0.25, "sad": 0.5}
    assert rows[-1]["unimodal"] == {}
    (window,) = api.get(f"{API}analyses/{with_eeg.pk}/windows/").json()["results"]
    assert window["unimodal"] == {"face": [0.25, 0.25, 0.5]}


def test_what_an_earlier_version_read_has_none_of_it(api: APIClient, with_eeg: Analysis) -> None:
    Analysis.objects.update(mean_probability=None, audio_video=None)
    Segment.objects.update(unimodal=None)
    WindowScore.objects.update(unimodal=None)
    summary = api.get(f"{API}analyses/{with_eeg.pk}/").json()["summary"]
    assert [summary[name] for name in ("mean_probability", "valence", "arousal", "audio_video")] == [None] * 4
    assert api.get(f"{API}analyses/{with_eeg.pk}/segments/").json()["results"][0]["unimodal"] is None
    for name in WRITERS:
        answer = api.get(f"{API}analyses/{with_eeg.pk}/export/{name}/")
        assert answer.status_code == 200
        assert b"audio and video alone:" not in answer.content.lower()


def test_the_table_says_whose_it_is(api: APIClient, owner: User, analysis: Analysis) -> None:
    recording = analysis.recording
    recording.project = Project.objects.create(owner=owner, name="Pilot")
    recording.save()
    recording.tags.add(*(Tag.objects.create(owner=owner, name=name) for name in ("right", "calm")))
    table = api.get(f"{API}analyses/{analysis.pk}/export/csv/").content.decode()
    row = next(csv.DictReader(io.StringIO(table, newline="")))
    assert (row["recording_id"], row["title"]) == (str(recording.pk), recording.title)
    assert (row["project"], row["tags"]) == ("Pilot", "calm,right")


def test_whoever_it_is_shared_with_learns_no_project_and_no_tags(
    client_of: Callable[[User], APIClient], owner: User, stranger: User, analysis: Analysis
) -> None:
    recording = analysis.recording
    recording.project = Project.objects.create(owner=owner, name="Pilot")
    recording.save()
    recording.tags.add(Tag.objects.create(owner=owner, name="calm"))
    with_person(recording, stranger, may_download=True)
    table = client_of(stranger).get(f"{API}analyses/{analysis.pk}/export/csv/").content.decode()
    row = next(csv.DictReader(io.StringIO(table, newline="")))
    assert (row["title"], row["project"], row["tags"]) == (recording.title, "", "")


@pytest.mark.parametrize("name", WRITERS)
def test_an_export_is_what_its_writer_makes(api: APIClient, analysis: Analysis, name: str) -> None:
    answer = api.get(f"{API}analyses/{analysis.pk}/export/{name}/", headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == WRITERS[name].content_type
    end = WRITERS[name].extension
    named = f"attachment; filename=\"Anna- 1st - visit.{end}\"; filename*=UTF-8''%C3%84nna-%201st%20-%20visit.{end}"
    assert answer["Content-Disposition"] == named
    assert answer.content
    if name == "json":
        assert decode_timeline(json.loads(answer.content)) == a_timeline("happy", UNDETERMINED, "happy", "sad")


@pytest.mark.parametrize("name", WRITERS)
def test_an_export_can_do_nothing_in_a_browser(api: APIClient, analysis: Analysis, name: str) -> None:
    answer = api.get(f"{API}analyses/{analysis.pk}/export/{name}/")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")


def test_the_report_shows_a_title_as_it_was_typed(api: APIClient, owner: User) -> None:
    title = "<script>alert(1)</script>"
    analysis = published("happy", recording__owner=owner, recording__title=title)
    page = api.get(f"{API}analyses/{analysis.pk}/export/html/").content.decode()
    assert title not in page
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page


def test_an_unknown_format_is_not_found(api: APIClient, analysis: Analysis) -> None:
    answer = api.get(f"{API}analyses/{analysis.pk}/export/pdf/")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_format")


@pytest.mark.parametrize("path", ["export/json/", "video/"])
def test_what_is_not_made_yet_is_not_ready(api: APIClient, waiting: Analysis, path: str) -> None:
    answer = api.get(f"{API}analyses/{waiting.pk}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_the_timeline_is_there_before_the_video(api: APIClient, owner: User) -> None:
    analysis = published("happy", recording__owner=owner)
    assert api.get(f"{API}analyses/{analysis.pk}/export/csv/").status_code == 200
    assert api.get(f"{API}analyses/{analysis.pk}/video/").status_code == 409


def test_a_part_of_the_labelled_video_can_be_had(api: APIClient, analysis: Analysis) -> None:
    address = f"{API}analyses/{analysis.pk}/video/"
    whole = api.get(address).getvalue()
    part = api.get(address, headers={"Range": "bytes=100-199", "Accept": "video/*"})
    assert part.status_code == 206
    assert part.getvalue() == whole[100:200]


def test_what_waits_can_be_cancelled(api: APIClient, waiting: Analysis) -> None:
    for _ in range(2):  # a retry does no harm
        answer = api.post(f"{API}analyses/{waiting.pk}/cancel/")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert claim(waiting.pk, published=False) is None


def test_what_is_over_cannot_be_cancelled(api: APIClient, analysis: Analysis) -> None:
    answer = api.post(f"{API}analyses/{analysis.pk}/cancel/")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_over")
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.SUCCEEDED


@pytest.mark.usefixtures("models")
def test_a_recording_can_be_read_again_by_another_model(api: APIClient, analysis: Analysis) -> None:
    address = f"{API}recordings/{analysis.recording_id}/"
    answer = api.post(f"{address}analyses/", {"model": "intermediate-attention-5@1"}, format="json")
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["model_name"]) == ("queued", "intermediate-attention-5")
    assert [each["status"] for each in api.get(address).json()["analyses"]] == ["queued", "succeeded"]


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("model", "code"), [("oracle", "unknown_model"), ("fusion-cnn-5", "model_unsuited")])
def test_a_model_that_cannot_read_it_is_refused(api: APIClient, analysis: Analysis, model: str, code: str) -> None:
    answer = api.post(f"{API}recordings/{analysis.recording_id}/analyses/", {"model": model}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert Analysis.objects.count() == 1


def test_erasing_leaves_neither_row_nor_file(
    api: APIClient, analysis: Analysis, media_root: Path, django_capture_on_commit_callbacks: Any
) -> None:
    assert clips.everything_in(media_root)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{API}recordings/{analysis.recording_id}/").status_code == 204
    assert not Analysis.objects.exists()
    assert clips.everything_in(media_root) == []
    assert list((media_root / "recordings").iterdir()) == []


@pytest.mark.usefixtures("models")
def test_the_models_are_listed_with_their_metrics(api: APIClient) -> None:
    listed = api.get(f"{API}models/").json()
    assert {each["name"]: each["kind"] for each in listed}["fusion-cnn-5"] == "fusion"
    assert listed[0]["metrics"] == {"scores": {"test": {"accuracy": 0.5}}}
    assert listed[0]["labels"] == ["neutral", "happy", "sad"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "nonsense/", 404, "not_found"),
        ("post", "nonsense/", 404, "not_found"),
        ("get", "analyses/not-an-id/", 404, "not_found"),
        ("put", "recordings/", 405, "method_not_allowed"),
        ("post", "segments/", 405, "method_not_allowed"),
        ("get", "auth/token/", 405, "method_not_allowed"),
    ],
)
def test_every_error_is_a_problem(api: APIClient, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(api, method)(API + path)
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert set(problem) == {"type", "title", "status", "detail", "code"}


def test_json_that_is_none_is_a_problem(db: None) -> None:
    answer = APIClient().generic("POST", f"{API}auth/token/", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_another_media_type_is_a_problem(api: APIClient) -> None:
    answer = api.post(f"{API}recordings/", {"video": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
