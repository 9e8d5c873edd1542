"""What the server tells, as dataclasses. Fields that a newer server adds are left out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class State:
    """How far an analysis is, in short."""

    id: str
    status: str
    model_name: str
    model_version: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        return cls(data["id"], data["status"], data["model_name"], data["model_version"])


@dataclass(frozen=True)
class File:
    kind: str
    original_name: str
    bytes: int
    sha256: str
    eeg_trial: int | None
    eeg_sfreq: float | None
    eeg_unit: str | None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        names = ("kind", "original_name", "bytes", "sha256", "eeg_trial", "eeg_sfreq", "eeg_unit")
        return cls(*(data[name] for name in names))


@dataclass(frozen=True)
class Recording:
    """A recording with its analyses, the newest first."""

    id: str
    title: str
    created_at: datetime
    duration_s: float
    width: int
    height: int
    fps: float
    has_audio: bool
    has_eeg: bool
    bytes: int
    files: tuple[File, ...]
    analyses: tuple[State, ...]

    @property
    def analysis(self) -> State:
        """The newest analysis, which after an upload is the only one."""
        return self.analyses[0]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        plain = ("duration_s", "width", "height", "fps", "has_audio", "has_eeg", "bytes")
        return cls(
            id=data["id"],
            title=data["title"],
            created_at=datetime.fromisoformat(data["created_at"]),
            **{name: data[name] for name in plain},
            files=tuple(File.read(each) for each in data["files"]),
            analyses=tuple(State.read(each) for each in data["analyses"]),
        )


@dataclass(frozen=True)
class Dimension:
    """Valence or arousal: the most probable level or `undetermined`, its confidence, the probability of each level."""

    label: str
    confidence: float
    probabilities: dict[str, float]

    @classmethod
    def read(cls, data: dict[str, Any] | None) -> Self | None:
        return None if data is None else cls(data["label"], data["confidence"], data["probabilities"])


@dataclass(frozen=True)
class Summary:
    """The label with the largest share of the time, every label's share, and its mean probability.

    `audio_video` is the same of what audio and video alone say, where EEG entered the labels; `valence` and `arousal`
    are those of the mean probability. All of these are None where an earlier version of the server read the recording.
    """

    label: str
    share: dict[str, float]
    mean_probability: dict[str, float] | None = None
    audio_video: "Summary | None" = None
    valence: Dimension | None = None
    arousal: Dimension | None = None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        beside = data.get("audio_video")
        return cls(
            label=data["label"],
            share=data["share"],
            mean_probability=data.get("mean_probability"),
            audio_video=cls.read(beside) if beside else None,
            valence=Dimension.read(data.get("valence")),
            arousal=Dimension.read(data.get("arousal")),
        )


@dataclass(frozen=True)
class Analysis:
    """One reading of a recording. `progress` is the share of the whole work that is done, 0 to 1."""

    id: str
    recording: str
    status: str
    stage: str | None
    progress: float
    attempt: int
    error_code: str | None
    error_message: str | None
    model_name: str
    model_version: str
    mode: str | None
    labels: tuple[str, ...]
    summary: Summary | None
    has_video: bool
    notice: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def over(self) -> bool:
        return self.status in ("succeeded", "failed", "cancelled")

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        plain = (
            *("id", "recording", "status", "stage", "progress", "attempt", "error_code", "error_message"),
            *("model_name", "model_version", "mode", "has_video", "notice"),
        )
        summary, finished = data["summary"], data["finished_at"]
        return cls(
            **{name: data[name] for name in plain},
            labels=tuple(data["labels"]),
            summary=Summary.read(summary) if summary else None,
            created_at=datetime.fromisoformat(data["created_at"]),
            finished_at=datetime.fromisoformat(finished) if finished else None,
        )


@dataclass(frozen=True)
class Evidence:
    """How much of a segment showed a face, held a voice, had EEG: shares from 0 to 1."""

    face: float
    voice: float
    eeg: float


@dataclass(frozen=True)
class Segment:
    """A stretch of a timeline with one label. Times are seconds from the video's start.

    `unimodal` holds what each modality says alone, {modality: {label: probability}}; None where that was not recorded.
    `valence` and `arousal` are None where a label of the model has no level. `reason` says why it is `undetermined`:
    `no_face_no_voice`, `too_little` or `face_and_voice_contradict`. `voice_novelty`, 0 to 1, says how unlike
    the voice is those that the model was fitted on; None where that is not known.
    """

    start_s: float
    end_s: float
    duration_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]
    evidence: Evidence
    unimodal: dict[str, dict[str, float]] | None
    valence: Dimension | None
    arousal: Dimension | None
    reason: str | None
    voice_novelty: float | None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        names = ("start_s", "end_s", "duration_s", "label", "confidence", "probabilities")
        evidence = Evidence(*(data["evidence"][name] for name in ("face", "voice", "eeg")))
        return cls(
            **{name: data[name] for name in names},
            evidence=evidence,
            unimodal=data.get("unimodal"),
            valence=Dimension.read(data.get("valence")),
            arousal=Dimension.read(data.get("arousal")),
            reason=data.get("reason"),
            voice_novelty=data.get("voice_novelty"),
            **cls.more(data),
        )

    @classmethod
    def more(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class FoundSegment(Segment):
    """A segment that a search found, with the analysis and the recording it belongs to."""

    analysis: str
    recording: str
    model_name: str
    model_version: str

    @classmethod
    def more(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {name: data[name] for name in ("analysis", "recording", "model_name", "model_version")}


@dataclass(frozen=True)
class Baseline:
    """A span of a timeline in which the person is neutral, who marked it and when. Times are seconds."""

    start_s: float
    end_s: float
    by: str | None
    at: datetime

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self | None:
        if data["start_s"] is None:
            return None
        return cls(data["start_s"], data["end_s"], data["by"], datetime.fromisoformat(data["at"]))


@dataclass(frozen=True)
class Model:
    name: str
    version: str
    kind: str
    labels: tuple[str, ...]
    demonstration: str | None
    notice: str
    metrics: dict[str, Any]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        names = ("name", "version", "kind", "demonstration", "notice", "metrics")
        return cls(**{name: data[name] for name in names}, labels=tuple(data["labels"]))
