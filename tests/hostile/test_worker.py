"""A recording that passed its check and breaks its decoder later: a failed analysis with a reason, a worker alive."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inference import store
from inference.media import render
from inference.predictors import audio_visual
from inference.sandbox import client
from tests.hostile import readers
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, RecordingFactory, published, with_files
from webapp.analyses import tasks
from webapp.analyses.models import Analysis

ATTEMPTS = 3  # the machine may have been short of memory


@pytest.fixture
def recording(db: None, media_root: Path, settings: Any) -> Any:
    settings.HEARTBEAT_SECONDS = 3600  # its thread does not see what this test has not committed
    recording = RecordingFactory.create()
    with_files(recording, video=clips.video(4))
    return recording


def waiting(recording: Any) -> Analysis:
    """An analysis for the model that the store really has."""
    used = store.resolve(None, with_eeg=False).used
    return AnalysisFactory.create(
        recording=recording, model_name=used.name, model_version=used.version, model_sha256=used.sha256
    )


def failed_with(analysis: Analysis, code: str) -> None:
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Analysis.Status.FAILED, code), analysis.error_message
    assert analysis.attempt == ATTEMPTS
    assert analysis.error_message.endswith(".") and "fault of this installation" not in analysis.error_message


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (readers.frames_that_crash, "reader_crashed"),
        pytest.param(readers.frames_that_hang, "too_costly", marks=pytest.mark.extended),
        (readers.frames_that_eat, "too_costly"),
    ],
    ids=["crashes", "hangs", "eats memory"],
)
def test_a_decoder_that_breaks_fails_the_analysis_and_not_the_worker(
    recording: Any, frames: Callable[..., Iterator[Any]], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = waiting(recording)
    with monkeypatch.context() as broken:
        broken.setattr(audio_visual, "frames_at", frames)
        broken.setattr(client, "TIMEOUT_S", 5.0)
        for _ in range(ATTEMPTS):
            tasks.analyse(str(analysis.pk))
    failed_with(analysis, code)
    another = waiting(recording)
    tasks.analyse(str(another.pk))
    another.refresh_from_db()
    assert another.timeline_at is not None, another.error_message


def test_a_labelled_video_without_end_fails_the_analysis(
    recording: Any, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_MAX_BYTES", 2000)
    monkeypatch.setattr(render, "_MAX_BYTES_PER_SECOND", 0)
    analysis = published("happy", recording=recording)
    for _ in range(ATTEMPTS):
        tasks.render(str(analysis.pk))
    failed_with(analysis, "too_costly")
    assert len(clips.everything_in(media_root)) == 1
    assert list((media_root / "incoming").iterdir()) == []
