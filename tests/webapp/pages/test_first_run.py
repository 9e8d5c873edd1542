"""Somebody who has no recordings yet: the sample, and what to do next."""

from pathlib import Path

import pytest
from django.test import Client

from tests.webapp.factories import RecordingFactory
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.core import samples
from webapp.recordings.consent import SAMPLE_TEXT, SAMPLE_VERSION
from webapp.recordings.models import Recording


def test_the_sample_is_offered_with_whose_it_is_and_what_to_do_next(owner: Client) -> None:
    page = owner.get("/").content.decode()
    assert "Try the sample with EEG" in page
    assert SAMPLE_TEXT in page
    assert page.count('<li class="col-md-4">') == 3


@pytest.mark.parametrize(
    ("mode", "model", "files"),
    [("audio-video", "intermediate-attention-8", 1), ("audio-video-eeg", "fusion-cnn-5", 3)],
)
def test_one_click_makes_a_recording_and_starts_its_analysis(
    owner: Client, user: User, mode: str, model: str, files: int
) -> None:
    answer = owner.post("/recordings/sample/", {"mode": mode})
    analysis = Analysis.objects.get()
    assert answer["Location"] == f"/analyses/{analysis.pk}/"
    assert (analysis.model_name, analysis.status) == (model, Analysis.Status.QUEUED)
    assert analysis.recording.owner == user
    assert analysis.recording.consent_version == SAMPLE_VERSION
    assert analysis.recording.files.count() == files
    assert samples.missing_files() == []
    page = owner.get("/").content.decode()
    assert "What to do next" in page
    assert "Try the sample" not in page


def test_who_has_recordings_is_shown_them_alone(owner: Client, user: User) -> None:
    Analysis.objects.create(
        recording=RecordingFactory.create(owner=user), dispatched_at="2026-01-01T00:00:00Z", model_name="m"
    )
    assert "What to do next" not in owner.get("/").content.decode()


@pytest.mark.parametrize("mode", ["", "smell"])
def test_another_sample_is_not_there(owner: Client, mode: str) -> None:
    assert owner.post("/recordings/sample/", {"mode": mode}).status_code == 404
    assert owner.get("/recordings/sample/").status_code == 405
    assert not Recording.objects.exists()


def test_an_installation_without_the_files_offers_none(
    owner: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    assert "Try the sample" not in owner.get("/").content.decode()
    assert owner.post("/recordings/sample/", {"mode": "audio-video"}).status_code == 404
