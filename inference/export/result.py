"""JSON: the whole timeline, as the command line and REST give it."""

import json
from typing import Any

from inference.export.writer import RecordingInfo, Writer
from inference.timeline.summary import summary
from inference.types import (
    BadChannel,
    Correction,
    Corrections,
    EegFacts,
    Evidence,
    Face,
    Faces,
    MediaInfo,
    Mode,
    ModelUsed,
    Segment,
    Source,
    Timeline,
    Window,
)

SCHEMA = "emotrace.result/1"
_TIME_DECIMALS = 3
_DECIMALS = 6  # of scores: more would only make the file longer


def to_result(timeline: Timeline) -> dict[str, Any]:
    """The timeline as result.json has it. Times have three decimals, scores six.

    `faces`, `eeg`, `corrections` and `unimodal` are there where the timeline has them; a face's box is
    [time_s, x, y, width, height].
    """
    media = timeline.media
    return {
        "schema": SCHEMA,
        "mode": timeline.mode.value,
        "media": {
            "duration_s": _time(media.duration_s),
            "width": media.width,
            "height": media.height,
            "fps": _score(media.fps),
            "has_video": media.has_video,
            "has_audio": media.has_audio,
            "sha256": media.sha256,
        },
        "models": [
            {"name": model.name, "version": model.version, "sha256": model.sha256, "labels": list(model.labels)}
            for model in timeline.models
        ],
        "labels": list(timeline.labels),
        "windows": [
            {
                "start_s": _time(window.start_s),
                "end_s": _time(window.end_s),
                "source": window.source.value,
                "logits": [_score(logit) for logit in window.logits],
                "probabilities": [_score(probability) for probability in window.probabilities],
                "face": _score(window.face),
                "voice": _score(window.voice),
                **_window_unimodal(window),
            }
            for window in timeline.windows
        ],
        "segments": [
            {
                "start_s": _time(segment.start_s),
                "end_s": _time(segment.end_s),
                "label": segment.label,
                "confidence": _score(segment.confidence),
                "probabilities": {label: _score(share) for label, share in segment.probabilities.items()},
                "evidence": {
                    "face": _score(segment.evidence.face),
                    "voice": _score(segment.evidence.voice),
                    "eeg": _score(segment.evidence.eeg),
                },
                **_segment_unimodal(segment),
            }
            for segment in timeline.segments
        ],
        "summary": summary(timeline),
        "notice": timeline.notice,
        **({"faces": _faces(timeline.faces)} if timeline.faces else {}),
        **({"eeg": eeg_as_dict(timeline.eeg)} if timeline.eeg else {}),
        **({"corrections": _corrections(timeline.corrections)} if timeline.corrections else {}),
    }


def from_result(result: dict[str, Any]) -> Timeline:
    """The inverse of `as_result`, to its decimals. Raises ValueError for another schema."""
    if result.get("schema") != SCHEMA:
        raise ValueError(f"not {SCHEMA}: {result.get('schema')!r}")
    return Timeline(
        mode=Mode(result["mode"]),
        media=MediaInfo(**result["media"]),
        models=tuple(ModelUsed(**{**model, "labels": tuple(model["labels"])}) for model in result["models"]),
        labels=tuple(result["labels"]),
        windows=tuple(
            Window(
                **{
                    **window,
                    "source": Source(window["source"]),
                    "logits": tuple(window["logits"]),
                    "probabilities": tuple(window["probabilities"]),
                    "unimodal": _read_unimodal(window.get("unimodal")),
                }
            )
            for window in result["windows"]
        ),
        segments=tuple(
            Segment(**{**segment, "evidence": Evidence(**segment["evidence"])}) for segment in result["segments"]
        ),
        notice=result["notice"],
        faces=_read_faces(result["faces"]) if "faces" in result else None,
        corrections=_read_corrections(result["corrections"]) if "corrections" in result else None,
        eeg=eeg_from_dict(result["eeg"]) if "eeg" in result else None,
    )


def _window_unimodal(window: Window) -> dict[str, Any]:
    if window.unimodal is None:
        return {}
    return {"unimodal": {name: [_score(share) for share in given] for name, given in window.unimodal.items()}}


def _segment_unimodal(segment: Segment) -> dict[str, Any]:
    if segment.unimodal is None:
        return {}
    found = segment.unimodal.items()
    return {
        "unimodal": {name: {label: _score(share) for label, share in given.items()} for name, given in found},
    }


def _read_unimodal(found: dict[str, list[float]] | None) -> dict[str, tuple[float, ...]] | None:
    return None if found is None else {name: tuple(given) for name, given in found.items()}


def eeg_as_dict(facts: EegFacts) -> dict[str, Any]:
    """How the EEG was read, as `eeg` of result.json has it."""
    return {
        "unit": facts.unit,
        "sfreq": _score(facts.sfreq),
        "channel_order": facts.channel_order,
        "bad_channels": [channel._asdict() for channel in facts.bad_channels],
    }


def eeg_from_dict(facts: dict[str, Any]) -> EegFacts:
    return EegFacts(**{**facts, "bad_channels": tuple(BadChannel(**channel) for channel in facts["bad_channels"])})


def _faces(faces: Faces) -> dict[str, Any]:
    return {"step_s": _time(faces.step_s), "boxes": [list(face) for face in faces.found]}


def _read_faces(faces: dict[str, Any]) -> Faces:
    return Faces(faces["step_s"], tuple(Face(*box) for box in faces["boxes"]))


def _corrections(corrections: Corrections) -> dict[str, Any]:
    segments = [
        {"start_s": _time(one.start_s), "end_s": _time(one.end_s), "label": one.label, "note": one.note}
        for one in corrections.segments
    ]
    return {"revision": corrections.revision, "by": corrections.by, "at": corrections.at, "segments": segments}


def _read_corrections(corrections: dict[str, Any]) -> Corrections:
    return Corrections(**{**corrections, "segments": tuple(Correction(**one) for one in corrections["segments"])})


def _time(seconds: float) -> float:
    return round(float(seconds), _TIME_DECIMALS)


def _score(value: float) -> float:
    return round(float(value), _DECIMALS)


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Raises ValueError instead of writing NaN or an infinity, which JSON does not have."""
    return json.dumps(to_result(timeline), allow_nan=False, ensure_ascii=False, indent=1).encode()


WRITER = Writer("json", "application/json", write)
