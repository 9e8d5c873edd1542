"""The original with chapters: made when it is first asked for, and kept."""

import io
from pathlib import Path
from typing import Any

import av
import pytest
from rest_framework.test import APIClient

from inference.media.chapters import add_chapters
from tests.webapp import clips
from tests.webapp.factories import DURATION_S, AnalysisFactory, finished, published, with_files
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.lease import claim
from webapp.analyses.models import Analysis, Artifact

API = "/api/v1/"


@pytest.fixture
def analysis(owner: User) -> Analysis:
    analysis = finished("happy", "sad", recording__owner=owner, recording__title="Änna: 1st; #visit=2")
    with_files(analysis.recording, video=clips.video(DURATION_S))
    return analysis


def ask(api: APIClient, analysis: Analysis, **headers: str) -> Any:
    return api.get(f"{API}analyses/{analysis.pk}/chapters/", headers=headers)


def test_it_is_the_original_with_a_chapter_a_segment(api: APIClient, analysis: Analysis) -> None:
    answer = ask(api, analysis, Accept="video/*")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Disposition"] == 'attachment; filename="anna-1st-visit2-chapters.mp4"'
    with av.open(io.BytesIO(answer.getvalue())) as video:
        assert [each["metadata"]["title"] for each in video.chapters()] == ["Happy 80 %", "Sad 80 %"]
        assert video.metadata["title"] == "Änna: 1st; #visit=2"
        assert (len(video.streams.audio), len(video.streams.subtitles)) == (1, 1)


def test_it_is_made_once_and_handed_out_in_parts(
    api: APIClient, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(api, analysis).getvalue()
    monkeypatch.setattr(services, "add_chapters", None)
    part = ask(api, analysis, Range="bytes=10-19")
    assert (part.status_code, part.getvalue()) == (206, whole[10:20])
    (kept,) = analysis.artifacts.filter(kind=Artifact.Kind.CHAPTERS)
    assert (kept.bytes, kept.path.read_bytes()) == (len(whole), whole)


def test_whoever_is_slower_takes_what_is_there(
    api: APIClient, analysis: Analysis, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*arguments: Any) -> Path:
        monkeypatch.setattr(services, "add_chapters", add_chapters)
        services.video_with_chapters(analysis=Analysis.objects.get(pk=analysis.pk))
        return add_chapters(*arguments)

    monkeypatch.setattr(services, "add_chapters", overtaken)
    assert ask(api, analysis).status_code == 200
    assert analysis.artifacts.filter(kind=Artifact.Kind.CHAPTERS).count() == 1
    assert len(clips.everything_in(media_root)) == 3  # the original, the labelled video, this one


def test_it_can_be_had_while_the_labels_are_still_being_written(api: APIClient, owner: User) -> None:
    analysis = published("happy", recording__owner=owner)
    with_files(analysis.recording, video=clips.video(DURATION_S))
    lease = claim(analysis.pk, published=True)
    assert ask(api, analysis).status_code == 200
    assert lease is not None
    lease.write(progress=0.9)


def test_without_a_timeline_it_is_not_ready(api: APIClient, owner: User) -> None:
    answer = ask(api, AnalysisFactory.create(recording__owner=owner))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_what_does_not_fit_the_timeline_is_refused_and_leaves_nothing(
    api: APIClient, owner: User, media_root: Path
) -> None:
    analysis = published("happy", recording__owner=owner)
    with_files(analysis.recording, video=clips.video(DURATION_S - 2))
    answer = ask(api, analysis)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_copyable")
    assert len(clips.everything_in(media_root)) == 1


def test_erasing_takes_it_too(
    api: APIClient, analysis: Analysis, media_root: Path, django_capture_on_commit_callbacks: Any
) -> None:
    assert ask(api, analysis).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        services.erase(recording=analysis.recording)
    assert clips.everything_in(media_root) == []
