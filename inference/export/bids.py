"""BIDS: events.tsv and the events.json that describes its columns, in one zip file.

Rename both to the data set's pattern, sub-01_task-interview_events.tsv and .json.
"""

import io
import json
import zipfile
from typing import Any

from inference.export.table import (
    MACHINE,
    PERSON,
    UNIMODAL,
    evidence_cells,
    to_delimited,
    unimodal_cells,
    unimodal_column_names,
)
from inference.export.writer import RecordingInfo, Writer, one_line
from inference.types import UNDETERMINED, Correction, Segment, Timeline
from inference.wording import audio_visual_text

_CORRECTED = {
    "reader": {
        "Description": "Whose the row is; each reader's rows cover the recording by themselves",
        "Levels": {MACHINE: "The models", PERSON: "A person who corrected the models' rows; has no scores"},
    },
    "note": {"Description": "What the person noted"},
}
_UNDATED = (1980, 1, 1, 0, 0, 0)  # equal timelines give equal bytes


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Return the events and their sidecar as a zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("events.tsv", _UNDATED), _events(timeline))
        sidecar = json.dumps(_sidecar(timeline, one_line(recording.title)), ensure_ascii=False, indent=2)
        file.writestr(zipfile.ZipInfo("events.json", _UNDATED), sidecar)
    return packed.getvalue()


def _events(timeline: Timeline) -> str:
    shares = [f"p_{label}" for label in timeline.labels]
    names = ["onset", "duration", "trial_type", "confidence", *shares, "face", "voice", "eeg", *unimodal_column_names()]
    corrected = timeline.corrections
    header = [*names, *(["reader", "note"] if corrected else [])]
    found = []
    for segment in timeline.segments:
        confidence = "n/a" if segment.label == UNDETERMINED else f"{segment.confidence:.4f}"
        probabilities = [f"{segment.probabilities[label]:.4f}" for label in timeline.labels]
        row = [
            *_times(segment),
            segment.label,
            confidence,
            *probabilities,
            *evidence_cells(segment),
            *unimodal_cells(segment, "n/a"),
        ]
        found.append((segment.start_s, [*row, *([MACHINE, "n/a"] if corrected else [])]))
    for correction in corrected.segments if corrected else ():
        unscored = ["n/a"] * (len(names) - 3)
        row = [*_times(correction), correction.label, *unscored, PERSON, one_line(correction.note) or "n/a"]
        found.append((correction.start_s, row))
    ordered = [row for _, row in sorted(found, key=lambda one: one[0])]  # BIDS asks for the order of onsets
    return to_delimited([header, *ordered], delimiter="\t", lineterminator="\n")


def _times(segment: Segment | Correction) -> list[str]:
    return [f"{segment.start_s:.3f}", f"{segment.end_s - segment.start_s:.3f}"]


def _sidecar(timeline: Timeline, title: str) -> dict[str, Any]:
    levels = {label: f"Read as {label}" for label in timeline.labels}
    levels[UNDETERMINED] = "Too little of a face and a voice to read, or face and voice that contradict each other"
    beside = f" {headline}." if (headline := audio_visual_text(timeline)) else ""
    models = ", ".join(f"{model.name} {model.version}" for model in timeline.models)
    return {
        "onset": {"Description": f"Start of the segment in the video {title!r}", "Units": "s"},
        "duration": {"Description": "Length of the segment", "Units": "s"},
        "trial_type": {
            "LongName": "Emotion",
            "Description": f"Label read by {models}.{beside} {timeline.notice}",
            "Levels": levels,
        },
        "confidence": {"Description": "Mean probability of the label, 0 to 1; n/a where it is undetermined"},
        **{f"p_{label}": {"Description": f"Mean probability of {label}, 0 to 1"} for label in timeline.labels},
        "face": {"Description": "Share of the picture samples that show a face, 0 to 1"},
        "voice": {"Description": "Share of the sound that is speech-like, 0 to 1"},
        "eeg": {"Description": "Share of the segment that is read with EEG, 0 to 1"},
        **_unimodal_sidecar(levels),
        **(_CORRECTED if timeline.corrections else {}),
    }


def _unimodal_sidecar(levels: dict[str, str]) -> dict[str, Any]:
    """Describe the columns of `unimodal_column_names`."""
    found = {}
    for name in UNIMODAL:
        alone = f"{name.replace('_', ' and ')} alone"
        found[f"{name}_label"] = {"Description": f"Label given {alone}; n/a where it is absent", "Levels": levels}
        found[f"{name}_probability"] = {"Description": f"Mean probability of that label given {alone}, 0 to 1"}
    return found


WRITER = Writer("bids.zip", "application/zip", write)
