"""The two steps as a worker does them: what ends well, what is the input's fault, what is ours."""

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import av
import pytest
from django.db import connection

from inference import store
from inference.hashing import sha256_file
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, RecordingFactory, published, with_files
from webapp.analyses import services, tasks
from webapp.analyses.models import Analysis, Artifact
from webapp.storage import media

Status = Analysis.Status


def a_recording(**contents: bytes) -> Any:
    recording = RecordingFactory.create()
    with_files(recording, **contents)
    return recording


def test_the_labelled_video_is_rendered_and_published(db: None, media_root: Path) -> None:
    recording = a_recording(video=clips.video(10))
    analysis = published("happy", "sad", recording=recording)
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_message) == (Status.SUCCEEDED, "")
    with av.open(str(media.root() / analysis.artifacts.get(kind=Artifact.Kind.VIDEO).key)) as video:
        assert video.streams.video and video.streams.audio
    assert len(clips.everything_in(media_root)) == 3  # the original, the labelled video, that with chapters
    assert list((media_root / "incoming").iterdir()) == []


def test_the_operator_chooses_the_preset_of_the_labelled_video(db: None, settings: Any) -> None:
    settings.X264_PRESET = "ultrafast"
    analysis = published("happy", recording=a_recording(video=clips.video(10)))
    tasks.render(str(analysis.pk))
    with media.local_file(analysis.artifacts.get(kind=Artifact.Kind.VIDEO).key) as path:
        assert b" subme=0 " in path.read_bytes()  # x264 writes its options into the first frame


def test_a_second_message_changes_nothing(db: None) -> None:
    analysis = published("happy", recording=a_recording(video=clips.video(10)))
    tasks.render(str(analysis.pk))
    before = Analysis.objects.values().get()
    tasks.render(str(analysis.pk))
    tasks.analyse(str(analysis.pk))
    assert Analysis.objects.values().get() == before


def test_input_that_cannot_be_read_fails_at_once_with_its_code(db: None, models: Path) -> None:
    analysis = AnalysisFactory.create(recording=a_recording(video=b"this is no video" * 1000))
    tasks.analyse(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.FAILED, 1, "not_a_video")
    assert analysis.error_message
    assert analysis.finished_at is not None


def test_a_fault_of_ours_is_tried_three_times(db: None, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(store, "load_model", fail)
    analysis = AnalysisFactory.create(recording=a_recording(video=clips.video()))
    for attempt in (1, 2):
        tasks.analyse(str(analysis.pk))
        analysis.refresh_from_db()
        assert (analysis.status, analysis.attempt) == (Status.QUEUED, attempt)
    tasks.analyse(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.FAILED, 3, "internal_error")
    assert str(analysis.pk) in analysis.error_message
    assert "Traceback" not in analysis.error_message


def test_a_model_without_weights_is_waited_for(db: None, models: Path) -> None:
    (models / "intermediate-attention-8/1/weights.safetensors").unlink()
    waits_for_its_model()


def test_a_model_that_is_not_there_any_more_is_waited_for(db: None, models: Path) -> None:
    shutil.rmtree(models / "intermediate-attention-8")
    waits_for_its_model()


def test_a_model_that_became_another_is_waited_for(db: None, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same name and version, and with weights that its specification names."""
    folder = models / "intermediate-attention-8/1"
    (folder / "weights.safetensors").write_bytes(b"others")
    spec = json.loads((folder / "spec.json").read_text())
    spec["weights_sha256"] = sha256_file(folder / "weights.safetensors")
    (folder / "spec.json").write_text(json.dumps(spec))
    monkeypatch.delattr(store, "load_model")
    waits_for_its_model()


def waits_for_its_model() -> None:
    analysis = AnalysisFactory.create(recording=a_recording(video=clips.video()))
    for _ in range(4):
        tasks.analyse(str(analysis.pk))
        analysis.refresh_from_db()
        assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.QUEUED, 0, "model_unavailable")
    assert "operator has to put the right ones" in analysis.error_message


def test_a_video_that_cannot_be_rendered_leaves_no_file(db: None, media_root: Path) -> None:
    analysis = published("happy", recording=a_recording(video=b"this is no video" * 1000))
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.FAILED, 1, "not_a_video")
    assert len(clips.everything_in(media_root)) == 1
    assert list((media_root / "incoming").iterdir()) == []


@pytest.mark.parametrize("end", ["cancel", "erase"])
@pytest.mark.usefixtures("transactional_db")
def test_rendering_stops_when_nobody_wants_it_any_more(media_root: Path, settings: Any, end: str) -> None:
    settings.HEARTBEAT_SECONDS = 0
    analysis = published("happy", recording=a_recording(video=clips.video(60, fps=50)))

    def render() -> None:
        tasks.render(str(analysis.pk))
        connection.close()

    worker = threading.Thread(target=render)
    worker.start()
    while Analysis.objects.get().status == Status.QUEUED:
        time.sleep(0.005)
    if end == "cancel":
        assert services.cancel(analysis=analysis)
    else:
        services.erase(recording=analysis.recording)
    worker.join(60)
    assert not worker.is_alive()
    assert list((media_root / "incoming").iterdir()) == []
    if end == "cancel":
        assert Analysis.objects.get().status == Status.CANCELLED
        assert len(clips.everything_in(media_root)) == 1
    else:
        assert not Analysis.objects.exists()
        assert clips.everything_in(media_root) == []
