"""Small studies in the database: participants, conditions, markers and timelines with windows."""

from dataclasses import replace
from typing import Any

import numpy as np

from inference.timeline.segmentation import segment_windows
from inference.types import Face, Faces, MediaInfo, Mode, Source, Timeline, Window
from tests.webapp.factories import (
    MODEL,
    AnalysisFactory,
    MarkerFactory,
    ParticipantFactory,
    ProjectFactory,
    RecordingFactory,
    VariableFactory,
    claimed,
)
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.models import Analysis
from webapp.recordings.models import Participant, Project
from webapp.studies.models import Marker, Variable, VariableValue

DURATION_S, WINDOW_S, HOP_S = 30.0, 3.6, 0.72
LABELS = MODEL.labels


def drifting_timeline(seed: int, *, happier: float = 0.0, labels: tuple[str, ...] = LABELS) -> Timeline:
    """Windows whose probabilities drift at random; `happier` raises the log-odds of the second label after 10 s."""
    rng = np.random.default_rng(seed)
    starts = np.arange(0, DURATION_S - WINDOW_S + 1e-6, HOP_S)
    logits = rng.normal(0, 0.4, len(labels)) + np.cumsum(rng.normal(0, 0.1, (len(starts), len(labels))), axis=0)
    logits[starts > 10, 1] += happier
    windows = []
    for start, scores in zip(starts.tolist(), logits, strict=True):
        shares = _softmax(scores)
        alone: dict[str, tuple[float, ...]] = {
            "face": _softmax(scores + rng.normal(0, 0.5, len(labels))),
            "voice": _softmax(scores + rng.normal(0, 0.5, len(labels))),
        }
        windows.append(
            Window(start, start + WINDOW_S, Source.AUDIO_VIDEO, tuple(scores.tolist()), shares, 1.0, 0.5, alone)
        )
    media = MediaInfo(DURATION_S, 64, 64, 25.0, True, True, "cd" * 32)
    segments = segment_windows(windows, labels, DURATION_S, HOP_S)
    faces = Faces(0.24, (Face(0.0, 10, 10, 20, 32), Face(0.24, 10, 10, 20, 16)))
    used = replace(MODEL, labels=labels)
    return Timeline(Mode.AUDIO_VIDEO, media, (used,), labels, tuple(windows), segments, "An estimate.", faces=faces)


def read(project: Project, participant: Participant | None, timeline: Timeline, **fields: Any) -> Analysis:
    """A recording of the participant, analysed to this timeline."""
    recording = RecordingFactory.create(
        owner=project.owner,
        project=project,
        participant=participant,
        duration_s=timeline.media.duration_s,
        height=64,
        title=fields.pop("title", "An interview"),
    )
    analysis = AnalysisFactory.create(recording=recording, **fields)
    publish_timeline(claimed(analysis), timeline)
    analysis.refresh_from_db()
    return analysis


def mark(analysis: Analysis, kind: str, start_s: float, end_s: float, **fields: Any) -> Marker:
    marker: Marker = MarkerFactory.create(
        recording=analysis.recording, kind=kind, start_s=start_s, end_s=end_s, **fields
    )
    return marker


def study(*, participants: int = 6, happier: float = 3.0, seed: int = 0, **fields: Any) -> Project:
    """Participants in the conditions a and b, with a baseline until 8 s and a stimulus from 12 s; a is happier."""
    project: Project = ProjectFactory.create(**fields)
    condition: Variable = VariableFactory.create(project=project, name="condition")
    age: Variable = VariableFactory.create(project=project, name="age", kind="number", levels=[], position=1)
    for number in range(participants):
        participant = ParticipantFactory.create(project=project, code=f"P{number:02}")
        level = "ab"[number % 2]
        VariableValue.objects.create(variable=condition, participant=participant, text=level)
        VariableValue.objects.create(variable=age, participant=participant, number=20.0 + number)
        for session in range(2):
            timeline = drifting_timeline(1000 * seed + 10 * number + session, happier=happier if level == "a" else 0.0)
            analysis = read(project, participant, timeline, title=f"{participant.code} {session}")
            mark(analysis, Marker.Kind.BASELINE, 0.0, 8.0)
            mark(analysis, Marker.Kind.STIMULUS, 12.0, 24.0, name="advert")
            mark(analysis, Marker.Kind.EXCLUDE, 20.0, 22.0)
    return project


def _softmax(scores: Any) -> tuple[float, ...]:
    shares = np.exp(scores) / np.exp(scores).sum()
    return tuple(shares.tolist())
