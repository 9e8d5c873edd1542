"""Somebody with recordings in every state, made by the application's services; a model store without weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.test import Client

from inference import store
from inference.types import UNDETERMINED, Evidence, MediaInfo, Mode, ModelUsed, Segment, Source, Timeline, Window
from tests.integration.rest import SAMPLES
from tests.model_specs import spec_data
from tests.webapp.factories import MODEL, WEIGHTS
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.execution.lease import claim
from webapp.analyses.execution.publishing import publish_timeline, publish_video
from webapp.analyses.models import Analysis
from webapp.recordings.services import NewRecording, RecordingFiles

LABELS = ("neutral", "happy", "sad")
NOTICE = "What the expression resembles is not what the person feels."
CARD = "# The model\n\n| Part | Accuracy |\n| --- | --- |\n| all | 75 % |\n\n<script>alert(1)</script>\n\n![x](http://elsewhere/x.png)"


def add_model(root: Path, name: str, kind: str, demonstration: str | None = None) -> None:
    directory = root / name / "1"
    directory.mkdir(parents=True)
    spec = spec_data(
        kind,
        name=name,
        labels=LABELS,
        weights_sha256=MODEL.sha256,
        demonstration=demonstration,
        notice=NOTICE,
    )
    (directory / "spec.json").write_text(json.dumps(spec))
    metrics = {"data": "nothing", "split": "none", "scores": {"test": {"window": {"accuracy": 0.625}}}}
    (directory / "metrics.json").write_text(json.dumps(metrics))
    (directory / "MODEL_CARD.md").write_text(CARD)
    (directory / "weights.safetensors").write_bytes(WEIGHTS)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "models"
    add_model(root, store.DEFAULT_AUDIO_VIDEO, "audio-video")
    add_model(root, "intermediate-attention-5", "audio-video")
    add_model(root, store.DEFAULT_FUSION, "fusion", demonstration="EEG simulated")
    monkeypatch.setenv("EMOTRACE_MODELS", str(root))


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def owner(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def stranger(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("stranger"))
    return client


def submit(user: User, title: str = "Interview", **more: Any) -> Analysis:
    with (SAMPLES / "interview.mp4").open("rb") as video:
        files = RecordingFiles(File(video, "interview.mp4"))
        return services.submit(owner=user, new=NewRecording(files=files, consent=True, title=title), **more)


def timeline(duration_s: float) -> Timeline:
    def segment(start: float, end: float, label: str, sure: float) -> Segment:
        seen = 0.0 if label == UNDETERMINED else 0.9
        probabilities = {"neutral": 0.1, "happy": 0.7, "sad": 0.2}
        return Segment(start * duration_s, end * duration_s, label, sure, probabilities, Evidence(seen, seen, 0.0))

    cut = (segment(0, 0.5, "happy", 0.7), segment(0.5, 0.75, UNDETERMINED, 0.0), segment(0.75, 1, "sad", 0.6))
    windows = (Window(0.0, duration_s, Source.AUDIO_VIDEO, (0.0, 1.0, 0.5), (0.1, 0.7, 0.2), 0.9, 0.9),)
    used = (ModelUsed(store.DEFAULT_AUDIO_VIDEO, "1", "0" * 64, LABELS),)
    media = MediaInfo(duration_s, 640, 480, 25.0, True, True, "0" * 64)
    return Timeline(Mode.AUDIO_VIDEO, media, used, LABELS, windows, cut, NOTICE)


def publish(analysis: Analysis) -> None:
    """The timeline, as a worker publishes it."""
    lease = claim(analysis.pk, published=False)
    assert lease is not None
    publish_timeline(lease, timeline(analysis.recording.duration_s))


def finish(analysis: Analysis, place: Path) -> None:
    """The timeline, and the labelled video after it."""
    publish(analysis)
    lease = claim(analysis.pk, published=True)
    assert lease is not None
    publish_video(lease, Path(shutil.copy(SAMPLES / "interview.mp4", place / "labelled.mp4")))


def fail(analysis: Analysis, code: str, message: str) -> None:
    lease = claim(analysis.pk, published=False)
    assert lease is not None
    lease.fail(code, message)


@pytest.fixture
def waiting(user: User) -> Analysis:
    return submit(user)


@pytest.fixture
def published(waiting: Analysis) -> Analysis:
    publish(waiting)
    waiting.refresh_from_db()
    return waiting


@pytest.fixture
def finished(waiting: Analysis, tmp_path: Path) -> Analysis:
    finish(waiting, tmp_path)
    waiting.refresh_from_db()
    return waiting
