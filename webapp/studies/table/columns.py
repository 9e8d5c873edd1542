"""The columns of the table, which are the same for every unit and model, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference.types import EMOTIONS
from webapp.studies.models import Variable

VARIABLE_PREFIX = "var_"
RELATIVE_PREFIX = "relative_"


class Unit(StrEnum):
    """What a row of the table is about."""

    RECORDING = "recording"
    MARKER = "marker"
    SEGMENT = "segment"
    WINDOW = "window"


class Kind(StrEnum):
    """The type of a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Column:
    """A column of the table; `unit` of what it counts, empty for texts and shares."""

    name: str
    kind: Kind
    description: str
    unit: str = ""


_ABOUT = (
    Column("project", Kind.TEXT, "Name of the project"),
    Column("recording_id", Kind.TEXT, "Identifier of the recording"),
    Column("recording", Kind.TEXT, "Title of the recording"),
    Column("participant", Kind.TEXT, "Code of the participant; empty where none is assigned"),
    Column("tags", Kind.TEXT, "Tags of the recording, separated by commas; empty for whom the project is shared with"),
)
_READ = (
    Column("model", Kind.TEXT, "Model that read the recording"),
    Column("model_version", Kind.TEXT, "Version of the model"),
    Column("reader", Kind.TEXT, "Whose reading the row measures: machine, or person who corrected the timeline"),
    Column("unit", Kind.TEXT, "What the row is about: recording, marker, segment or window"),
    Column("start_s", Kind.NUMBER, "Start of what the row is about, from the start of the recording", "s"),
    Column("end_s", Kind.NUMBER, "End of what the row is about, from the start of the recording", "s"),
    Column("marker_kind", Kind.TEXT, "Of a marker: stimulus, event or baseline"),
    Column("marker", Kind.TEXT, "Name of a marker"),
    Column("stimulus", Kind.TEXT, "Name of a marker's stimulus"),
    Column(
        "stimulus_order",
        Kind.NUMBER,
        "Place of the marker among those of a recording by a link for participants, from 1; empty for others",
    ),
    Column("label", Kind.TEXT, "Label of a segment; undetermined where there was too little to go by"),
    Column("confidence", Kind.NUMBER, "Mean probability of the label of a model's segment"),
    Column("source", Kind.TEXT, "Network of a window: audio-video, eeg or fusion"),
)
_QUALITY = (
    Column("face_share", Kind.NUMBER, "Share of the recording with a face, mean over its windows"),
    Column("face_size", Kind.NUMBER, "Median height of the face as a share of the picture's"),
    Column(
        "frontal_share", Kind.NUMBER, "Share of the faces that look at the camera; empty where that was not recorded"
    ),
    Column("voice_share", Kind.NUMBER, "Share of the recording with a voice, mean over its windows"),
    Column("mean_confidence", Kind.NUMBER, "Mean confidence over the determined time of the recording"),
    Column("several_people", Kind.BOOLEAN, "Whether several people are seen; empty where that is not recorded"),
    Column(
        "dropped_frames",
        Kind.NUMBER,
        "Frames of the camera that were lost in a recording by a link for participants; empty where that is not known",
    ),
)
READ_S = Column("read_s", Kind.NUMBER, "Time that the measures rest on: neither excluded nor undetermined", "s")
_OF_LABELS = {
    "mean_probability": ("Mean probability of {label}", ""),
    "time_share": ("Share of read_s in which {label} is the most probable label", ""),
    "peak": ("Largest probability of {label}", ""),
    "peak_s": ("Moment of the largest probability of {label}, from start_s", "s"),
    "latency_s": ("First moment from which {label} is the most probable label for a hop, from start_s", "s"),
}
LABEL_MEASURES = tuple(_OF_LABELS)
_OF_ALL = (
    Column("changes_per_minute", Kind.NUMBER, "How often the most probable label changes", "1/min"),
    Column("valence", Kind.NUMBER, "Expected valence of the mean probabilities, negative -1 to positive 1"),
    Column("arousal", Kind.NUMBER, "Expected arousal of the mean probabilities, low -1 to high 1"),
)
_AGREEMENT = (
    Column("agreement", Kind.NUMBER, "Share of agreement_s in which face and voice alone have the same label"),
    Column("agreement_s", Kind.NUMBER, "Time in which both the face and the voice alone say something", "s"),
)


def all_labels(own: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that have columns: all emotions, then those of models with labels of their `own`."""
    return (*EMOTIONS, *dict.fromkeys(label for label in own if label not in EMOTIONS))


def measure_columns(labels: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of measures: raw, then relative to the baseline."""
    of_labels = [
        Column(f"{name}_{label}", Kind.NUMBER, description.format(label=label), unit)
        for name, (description, unit) in _OF_LABELS.items()
        for label in labels
    ]
    raw = (READ_S, *of_labels, *_OF_ALL)
    relative = (
        Column(f"{RELATIVE_PREFIX}{each.name}", each.kind, f"{each.description}, relative to the baseline", each.unit)
        for each in raw
    )
    return (*raw, *_AGREEMENT, *relative)


def table_columns(variables: Sequence[Variable], labels: Sequence[str]) -> tuple[Column, ...]:
    """Return all columns, in their order."""
    of_variables = [
        Column(
            f"{VARIABLE_PREFIX}{variable.name}",
            Kind.NUMBER if variable.kind == Variable.Kind.NUMBER else Kind.TEXT,
            f"Variable of the {variable.unit_of}"
            + (f", one of: {', '.join(variable.levels)}" if variable.kind == Variable.Kind.CATEGORY else ""),
        )
        for variable in variables
    ]
    return (*_ABOUT, *of_variables, *_READ, *_QUALITY, *measure_columns(labels))
