"""People, recordings and analyses, as the services leave them."""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone
from factory.declarations import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from inference.types import (
    UNDETERMINED,
    Evidence,
    MediaInfo,
    Mode,
    ModelUsed,
    Reason,
    Segment,
    Source,
    Timeline,
    Window,
)
from tests.webapp import clips
from webapp.accounts.models import User
from webapp.analyses.events import EventType
from webapp.analyses.execution.lease import Lease, claim
from webapp.analyses.execution.publishing import publish_timeline, publish_video
from webapp.analyses.models import Analysis
from webapp.recordings import consent
from webapp.recordings.models import MediaFile, Participant, Project, Recording
from webapp.storage import media
from webapp.studies.models import Comparison, Marker, Stimulus, Variable
from webapp.webhooks import signing
from webapp.webhooks.models import Endpoint

WEIGHTS = b"no network opens these"
MODEL = ModelUsed("intermediate-attention-8", "1", hashlib.sha256(WEIGHTS).hexdigest(), ("neutral", "happy", "sad"))
DURATION_S = 10.0


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda number: f"person{number}")


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    owner = SubFactory(UserFactory)
    name = Sequence(lambda number: f"Study {number}")


class ParticipantFactory(DjangoModelFactory[Participant]):
    class Meta:
        model = Participant

    project = SubFactory(ProjectFactory)
    code = Sequence(lambda number: f"P{number:02}")


class RecordingFactory(DjangoModelFactory[Recording]):
    """A row without files, which is all that most calls look at."""

    class Meta:
        model = Recording

    owner = SubFactory(UserFactory)
    title = "An interview"
    consent_at = LazyFunction(timezone.now)
    consent_version = consent.VERSION
    duration_s = DURATION_S
    width = clips.SIDE
    height = clips.SIDE
    fps = 5.0
    has_audio = True
    has_eeg = False
    bytes = 1000


class VariableFactory(DjangoModelFactory[Variable]):
    """A category of participants; give `kind` and `unit_of` for another."""

    class Meta:
        model = Variable

    project = SubFactory(ProjectFactory)
    name = Sequence(lambda number: f"condition {number}")
    kind = Variable.Kind.CATEGORY
    unit_of = Variable.Unit.PARTICIPANT
    levels = ["a", "b"]


class StimulusFactory(DjangoModelFactory[Stimulus]):
    class Meta:
        model = Stimulus

    project = SubFactory(ProjectFactory)
    name = Sequence(lambda number: f"advert {number}")
    length_s = 5.0


class MarkerFactory(DjangoModelFactory[Marker]):
    """An event from 1 to 2 s."""

    class Meta:
        model = Marker

    recording = SubFactory(RecordingFactory)
    start_s = 1.0
    end_s = 2.0
    kind = Marker.Kind.EVENT
    source = "person"


class ComparisonFactory(DjangoModelFactory[Comparison]):
    """A saved comparison of nothing; give `recording_ids` of those that it rests on."""

    class Meta:
        model = Comparison

    project = SubFactory(ProjectFactory)
    name = "Happiness by condition"
    measures = ["mean_probability_happy"]
    factor_name = "condition"
    paired = False
    baseline = False
    model_name = MODEL.name
    model_version = MODEL.version
    result = LazyFunction(dict)
    recording_ids = LazyFunction(list)


class AnalysisFactory(DjangoModelFactory[Analysis]):
    class Meta:
        model = Analysis

    recording = SubFactory(RecordingFactory)
    model_name = MODEL.name
    model_version = MODEL.version
    model_sha256 = MODEL.sha256
    dispatched_at = LazyFunction(timezone.now)


def a_timeline(*labels: str) -> Timeline:
    """Segments of equal length with these labels over DURATION_S, and as many windows."""
    step = DURATION_S / len(labels)
    windows, segments = [], []
    for index, label in enumerate(labels):
        start, end = index * step, (index + 1) * step
        read = label != UNDETERMINED
        shares = tuple((0.8 if each == label else 0.1) if read else 0.0 for each in MODEL.labels)
        windows.append(
            Window(start, end, Source.AUDIO_VIDEO, (1.0, 2.0, 3.0), shares, float(read), 0.25, voice_novelty=0.25)
        )
        evidence = Evidence(float(read), 0.25, 0.0)
        probabilities = dict(zip(MODEL.labels, shares, strict=True))
        sure, reason = (0.8, None) if read else (0.0, Reason.TOO_LITTLE)
        segments.append(Segment(start, end, label, sure, probabilities, evidence, None, reason, 0.25))
    info = MediaInfo(DURATION_S, clips.SIDE, clips.SIDE, 5.0, True, True, "cd" * 32)
    return Timeline(Mode.AUDIO_VIDEO, info, (MODEL,), MODEL.labels, tuple(windows), tuple(segments), "An estimate.")


def claimed(analysis: Analysis, *, published: bool = False) -> Lease:
    lease = claim(analysis.pk, published=published)
    assert lease is not None
    return lease


def published(*labels: str, timeline: Timeline | None = None, **fields: Any) -> Analysis:
    """An analysis with a timeline, which waits to be rendered."""
    analysis = AnalysisFactory.create(**fields)
    publish_timeline(claimed(analysis), timeline or a_timeline(*labels))
    analysis.refresh_from_db()
    return analysis


def finished(*labels: str, **fields: Any) -> Analysis:
    """An analysis with a timeline and a labelled video (some bytes)."""
    analysis = published(*labels, **fields)
    with media.scratch_dir() as place:
        path = place / "labelled.mp4"
        path.write_bytes(bytes(range(256)) * 40)
        publish_video(claimed(analysis, published=True), path)
    analysis.refresh_from_db()
    return analysis


def with_files(recording: Recording, **contents: bytes) -> None:
    """Give a recording its files, by kind."""
    for kind, content in contents.items():
        with media.scratch_dir() as place:
            path = place / kind
            path.write_bytes(content)
            kept = media.save(path, recording.pk, ".bin")
        MediaFile.objects.create(
            recording=recording, kind=kind, file=kept, original_name=kind, sha256="0" * 64, bytes=len(content)
        )


def silent_for(analysis: Analysis, seconds: float) -> None:
    """As if nothing had been heard of it for so long."""
    past = timezone.now() - timedelta(seconds=seconds)
    fields = {name: past for name in ("heartbeat_at", "dispatched_at") if getattr(analysis, name) is not None}
    Analysis.objects.filter(pk=analysis.pk).update(**fields)


def an_endpoint(owner: User, url: str = "https://receiver.example/hook", **fields: Any) -> tuple[Endpoint, str]:
    """A webhook for everything, and its secret. Its address is not looked up."""
    secret = signing.generate_secret()
    wanted = {"events": list(EventType), "secret": signing.encrypt(secret)} | fields
    return Endpoint.objects.create(owner=owner, url=url, **wanted), secret
