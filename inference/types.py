"""The values that pass between the stages. Times are seconds from the video's start."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

UNDETERMINED = "undetermined"
TIME_DECIMALS = 3  # of the seconds in a timeline
# Every label that the models of this project know; tables have a column for each, in this order.
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")


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


class Modality(StrEnum):
    """What a prediction was made from, where that is less than all there was."""

    FACE = "face"
    VOICE = "voice"
    EEG = "eeg"
    AUDIO_VIDEO = "audio-video"  # face and voice together, beside a prediction that EEG entered too


OnProgress = Callable[[Stage, float], None]
"""Called with the stage and the share of it that is done, 0..1. What it raises stops the analysis."""


@dataclass(frozen=True)
class EegInput:
    """`trial` counts from 1 and is needed where the file holds several; `sfreq` (Hz) where it names none.

    `unit` of the values, `uV`, `mV`, `V` or `nV`, where the file names none and they are not microvolts.
    """

    path: Path
    trial: int | None = None
    sfreq: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class BadChannel:
    """A channel that is read although it can hardly be EEG; `reason` is `flat`, `clipped` or `noisy`."""

    name: str
    reason: str


@dataclass(frozen=True)
class EegFacts:
    """How an EEG file was read.

    `unit` is that of its values, `channel_order` is `names` where its channels were found by their names and
    `assumed` where it names none: they are EAV's then, in EAV's order.
    """

    unit: str
    sfreq: float
    channel_order: str
    bad_channels: tuple[BadChannel, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """One recording. `audio` replaces the video's own sound as the voice that is read."""

    video: Path
    audio: Path | None = None
    eeg: EegInput | None = None


@dataclass(frozen=True)
class Limits:
    """`max_pixels` counts those of all frames, which reading and labelling take their time for: two hours at
    1920 x 1080 and 30 frames a second.
    """

    max_seconds: float = 2 * 3600
    max_bytes: int = 4 * 1024**3
    max_pixels: float = 2 * 3600 * 30 * 1920 * 1080


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

    @property
    def pixels(self) -> float:
        """Of all frames together."""
        return self.duration_s * self.fps * self.width * self.height


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
    window's samples with a face, `voice` the share of its sound that is speech-like. `unimodal` holds
    the probabilities given the face or the voice alone, by Modality, of those that are there; it is
    None where that was not recorded.
    """

    start_s: float
    end_s: float
    source: Source
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    face: float
    voice: float
    unimodal: dict[str, tuple[float, ...]] | None = None


@dataclass(frozen=True)
class Evidence:
    """Shares 0..1 of a segment with a face, with a voice, with EEG."""

    face: float
    voice: float
    eeg: float


@dataclass(frozen=True)
class Segment:
    """A stretch with one label, or UNDETERMINED (confidence 0) where there was nothing to read.

    `unimodal` holds {label: probability} given one Modality alone, of those that are there; a segment that
    EEG entered also has what audio and video say without it. None where that was not recorded.
    """

    start_s: float
    end_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]
    evidence: Evidence
    unimodal: dict[str, dict[str, float]] | None = None


class Face(NamedTuple):
    """Where the face was that was read at a moment, in pixels of the picture as shown; it may reach beyond it."""

    time_s: float
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Faces:
    """The faces that were read. One was looked for every `step_s`; moments without one are left out."""

    step_s: float
    boxes: tuple[Face, ...]


@dataclass(frozen=True)
class Correction:
    """A stretch of a person's own timeline."""

    start_s: float
    end_s: float
    label: str
    note: str = ""


@dataclass(frozen=True)
class Corrections:
    """What a person says instead of the machine: `segments` tile the recording as the machine's do.

    `by` is who, `at` when (ISO 8601), `revision` counts the times it was saved.
    """

    revision: int
    by: str
    at: str
    segments: tuple[Correction, ...]


@dataclass(frozen=True)
class Timeline:
    """Everything that an analysis says. `segments` tile 0..media.duration_s without gap or overlap.

    `faces` is None where they were not kept, `corrections` where nobody corrected anything,
    `eeg` where there was none.
    """

    mode: Mode
    media: MediaInfo
    models: tuple[ModelUsed, ...]
    labels: tuple[str, ...]
    windows: tuple[Window, ...]
    segments: tuple[Segment, ...]
    notice: str
    faces: Faces | None = None
    corrections: Corrections | None = None
    eeg: EegFacts | None = None
