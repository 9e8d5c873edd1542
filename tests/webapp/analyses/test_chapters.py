"""The original with chapters: made with the labelled video, by a worker."""

import io
from pathlib import Path
from typing import Any

import av
import pytest
from rest_framework.test import APIClient

from inference.errors import Code, InputError
from inference.media.chapter_writer import add_chapters
from tests.webapp import clips
from tests.webapp.factories import DURATION_S, AnalysisFactory, finished, published, with_files
from webapp.accounts.models import User
from webapp.analyses import services, tasks
from webapp.analyses.execution import render_steps
from webapp.analyses.models import Analysis, Artifact

API = "/api/v1/"


@pytest.fixture
def analysis(owner: User) -> Analysis:
    analysis = published("happy", "sad", recording__owner=owner, recording__title="Änna: 1st; #visit=2")
    with_files(analysis.recording, video=clips.video(DURATION_S))
    return analysis


def ask(api: APIClient, analysis: Analysis, **headers: str) -> Any:
    return api.get(f"{API}analyses/{analysis.pk}/chapters/", headers=headers)


def test_it_is_the_original_with_a_chapter_a_segment(api: APIClient, analysis: Analysis) -> None:
    tasks.render(str(analysis.pk))
    answer = ask(api, analysis, Accept="video/*")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "video/mp4"
    fallback = "Anna- 1st- #visit=2-chapters.mp4"
    assert answer["Content-Disposition"] == (
        f"attachment; filename=\"{fallback}\"; filename*=UTF-8''%C3%84nna-%201st-%20%23visit%3D2-chapters.mp4"
    )
    with av.open(io.BytesIO(answer.getvalue())) as video:
        assert [each["metadata"]["title"] for each in video.chapters()] == ["Happy 80 %", "Sad 80 %"]
        assert video.metadata["title"] == "Änna: 1st; #visit=2"
        assert (len(video.streams.audio), len(video.streams.subtitles)) == (1, 1)


def test_it_is_handed_out_in_parts(api: APIClient, analysis: Analysis) -> None:
    tasks.render(str(analysis.pk))
    whole = ask(api, analysis).getvalue()
    part = ask(api, analysis, Range="bytes=10-19")
    assert (part.status_code, part.getvalue()) == (206, whole[10:20])
    (kept,) = analysis.artifacts.filter(kind=Artifact.Kind.CHAPTERS)
    assert (kept.bytes, kept.file.read()) == (len(whole), whole)


def test_until_it_is_made_a_client_is_told_when_to_ask_again(api: APIClient, owner: User, analysis: Analysis) -> None:
    for waiting in (analysis, AnalysisFactory.create(recording__owner=owner)):
        answer = ask(api, waiting)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
        assert int(answer["Retry-After"]) > 0


def test_what_cannot_be_copied_leaves_the_labelled_video(
    api: APIClient, owner: User, analysis: Analysis, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Path:
        raise InputError(Code.NOT_COPYABLE, "The tracks cannot be copied. Do without chapters.")

    monkeypatch.setattr(render_steps, "add_chapters", refused)
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.SUCCEEDED
    answer = ask(api, analysis)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_copyable")
    assert len(clips.everything_in(media_root)) == 2


def test_a_video_of_another_length_than_its_timeline_fails_with_a_reason(owner: User, media_root: Path) -> None:
    analysis = published("happy", recording__owner=owner)
    with_files(analysis.recording, video=clips.video(DURATION_S - 2))
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Analysis.Status.FAILED, "video_length")
    assert "would last" in analysis.error_message
    assert not analysis.artifacts.exists()


def test_a_worker_that_lost_its_lease_meanwhile_leaves_nothing(
    analysis: Analysis, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(*arguments: Any) -> Path:
        services.cancel(analysis=analysis)
        return add_chapters(*arguments)

    monkeypatch.setattr(render_steps, "add_chapters", cancelled)
    tasks.render(str(analysis.pk))
    assert not analysis.artifacts.exists()
    assert len(clips.everything_in(media_root)) == 1


def test_what_an_earlier_version_finished_says_that_there_is_none(api: APIClient, owner: User) -> None:
    answer = ask(api, finished("happy", recording__owner=owner))
    assert (answer.status_code, answer.json()["code"]) == (422, "not_copyable")


def test_erasing_takes_it_too(
    api: APIClient, analysis: Analysis, media_root: Path, django_capture_on_commit_callbacks: Any
) -> None:
    tasks.render(str(analysis.pk))
    assert ask(api, analysis).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        services.erase(recording=analysis.recording)
    assert clips.everything_in(media_root) == []
