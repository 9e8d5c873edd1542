"""The values that pass between the stages. Times are seconds from the video's start."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

UNDETERMINED = "undetermined"


class Mode(StrEnum):
    AUDIO_VIDEO = "audio-video"
    AUDIO_VIDEO_EEG = "audio-video-eeg"


class Stage(StrEnum):
    """The stages of an analysis, in order."""

    PROBE = "probe"
    SAMPLE = "sample"
    SCORE = "score"
    TIMELINE = "timeline"
    RENDER = "render"


class Source(StrEnum):
    """Which network scored a window."""

    AUDIO_VIDEO = "audio-video"
    EEG = "eeg"
    FUSION = "fusion"


OnProgress = Callable[[Stage, float], None]
"""Called with the stage and the share of it that is done, 0..1. What it raises stops the analysis."""


@dataclass(frozen=True)
class EegInput:
    """`trial` counts from 1 and is needed where the file holds several; `sfreq` (Hz) where it names none."""

    path: Path
    trial: int | None = None
    sfreq: float | None = None


@dataclass(frozen=True)
class Inputs:
    """One recording. `audio` replaces the video's own sound as the voice that is read."""

    video: Path
    audio: Path | None = None
    eeg: EegInput | None = None


@dataclass(frozen=True)
class Limits:
    max_seconds: float = 2 * 3600
    max_bytes: int = 4 * 1024**3


@dataclass(frozen=True)
class MediaInfo:
    """`fps` is the mean rate; `sha256` is that of the video file; sizes are as shown, after rotation."""

    duration_s: float
    width: int
    height: int
    fps: float
    has_video: bool
    has_audio: bool
    sha256: str


@dataclass(frozen=True)
class ModelUsed:
    name: str
    version: str
    sha256: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """One reading of one network.

    `logits` and `probabilities` follow the timeline's `labels`. `face` is the share of the
    window's samples with a face, `voice` the share of its sound that is speech-like.
    """

    start_s: float
    end_s: float
    source: Source
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    face: float
    voice: float


@dataclass(frozen=True)
class Evidence:
    """Shares 0..1 of a segment with a face, with a voice, with EEG."""

    face: float
    voice: float
    eeg: float


@dataclass(frozen=True)
class Segment:
    """A stretch with one label, or UNDETERMINED (confidence 0) where there was nothing to read."""

    start_s: float
    end_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]
    evidence: Evidence


@dataclass(frozen=True)
class Timeline:
    """Everything that an analysis says. `segments` tile 0..media.duration_s without gap or overlap."""

    mode: Mode
    media: MediaInfo
    models: tuple[ModelUsed, ...]
    labels: tuple[str, ...]
    windows: tuple[Window, ...]
    segments: tuple[Segment, ...]
    notice: str
