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
    """What an analysis used."""

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
    """The inputs of a prediction that used less than all of them."""

    FACE = "face"
    VOICE = "voice"
    EEG = "eeg"
    AUDIO_VIDEO = "audio-video"  # face and voice together, beside a prediction with EEG


class Reason(StrEnum):
    """Why a segment is UNDETERMINED."""

    NO_FACE_NO_VOICE = "no_face_no_voice"
    TOO_LITTLE = "too_little"  # of a face and of a voice
    CONTRADICTION = "face_and_voice_contradict"


OnProgress = Callable[[Stage, float], None]
"""Called with the stage and its progress, 0..1. An exception that it raises stops the analysis."""


@dataclass(frozen=True)
class EegInput:
    """An EEG file and what it may not say itself.

    `trial` counts from 1 and is needed where the file holds several; `sfreq` (Hz) where it has no sampling rate;
    `unit` (`uV`, `mV`, `V` or `nV`) where it has no unit and the values are not microvolts.
    """

    path: Path
    trial: int | None = None
    sfreq: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class BadChannel:
    """A channel that is used although it is hardly EEG; `reason` is `flat`, `clipped` or `noisy`."""

    name: str
    reason: str


@dataclass(frozen=True)
class EegFacts:
    """How an EEG file was interpreted.

    `unit` is that of its values. `channel_order` is `names` where the file names its channels, and `assumed` where it
    does not: they are taken to be EAV's, in EAV's order.
    """

    unit: str
    sfreq: float
    channel_order: str
    bad_channels: tuple[BadChannel, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """The files of one recording. `audio` replaces the video's own sound."""

    video: Path
    audio: Path | None = None
    eeg: EegInput | None = None


@dataclass(frozen=True)
class Limits:
    """What a recording may have at most.

    `max_pixels` counts the pixels of all frames, on which the time of decoding and rendering depends: two hours at
    1920 x 1080 and 30 frames a second.
    """

    max_seconds: float = 2 * 3600
    max_bytes: int = 4 * 1024**3
    max_pixels: float = 2 * 3600 * 30 * 1920 * 1080


@dataclass(frozen=True)
class MediaInfo:
    """Facts of a video file. `fps` is the mean rate; width and height are as displayed, after rotation."""

    duration_s: float
    width: int
    height: int
    fps: float
    has_video: bool
    has_audio: bool
    sha256: str

    @property
    def pixels(self) -> float:
        """Pixels of all frames together."""
        return self.duration_s * self.fps * self.width * self.height


@dataclass(frozen=True)
class ModelUsed:
    """A reference to the model of an analysis; `sha256` is that of its weights."""

    name: str
    version: str
    sha256: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """The prediction of one network for one window.

    `logits` and `probabilities` follow the timeline's `labels`. `face` is the share of the window's samples with a
    face, `voice` its voice activity ratio. `unimodal` holds the probabilities given the face or the voice alone, by
    Modality, where it is present; it is None where that was not recorded. `voice_novelty` says how unlike the voice is
    those that the model was fitted on, 0..1; it is None without a voice, and where the model has no reference.
    """

    start_s: float
    end_s: float
    source: Source
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    face: float
    voice: float
    unimodal: dict[str, tuple[float, ...]] | None = None
    voice_novelty: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Shares 0..1 of a segment with a face, with a voice, with EEG."""

    face: float
    voice: float
    eeg: float


@dataclass(frozen=True)
class Segment:
    """A stretch with one label, or UNDETERMINED (confidence 0) for a `reason`.

    Results of earlier versions have no reason; theirs is that there was hardly a face, a voice or EEG.
    `unimodal` holds {label: probability} given one Modality alone, where it is present; a segment with EEG also has
    that of audio and video. It is None where that was not recorded. `voice_novelty` is the mean of the windows', 0..1.
    """

    start_s: float
    end_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]
    evidence: Evidence
    unimodal: dict[str, dict[str, float]] | None = None
    reason: Reason | None = None
    voice_novelty: float | None = None


class Face(NamedTuple):
    """The box of the face at a moment, in pixels of the picture as displayed; it may reach beyond the picture."""

    time_s: float
    x: int
    y: int
    width: int
    height: int


class FaceView(NamedTuple):
    """Whether a face looks at the camera, and how many people were in the frame where all of it was searched."""

    frontal: bool
    people: int | None


@dataclass(frozen=True)
class Faces:
    """The faces that were found. One was searched every `step_s`; moments without a face are left out.

    `views` are those of the `boxes`; empty where they were not recorded.
    """

    step_s: float
    boxes: tuple[Face, ...]
    views: tuple[FaceView, ...] = ()


@dataclass(frozen=True)
class Correction:
    """A segment that a person set."""

    start_s: float
    end_s: float
    label: str
    note: str = ""


@dataclass(frozen=True)
class Corrections:
    """A person's segments in place of the model's; like those, they tile the recording.

    `by` is the person's name, `at` the time of saving (ISO 8601), `revision` counts the times of saving.
    """

    revision: int
    by: str
    at: str
    segments: tuple[Correction, ...]


@dataclass(frozen=True)
class Baseline:
    """A span in which the person is neutral, and the mean log-odds {label: x} of each source in it."""

    start_s: float
    end_s: float
    log_odds: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Timeline:
    """The result of an analysis. `segments` tile 0..media.duration_s without gap or overlap.

    `faces` is None where the boxes were not stored, `corrections` without corrections, `eeg` without EEG,
    `baseline` where no neutral span is marked.
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
    baseline: Baseline | None = None
