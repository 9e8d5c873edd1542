"""What every export format offers, and the words they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inference.export.elements import percent
from inference.timeline.summary import summary
from inference.types import UNDETERMINED, Mode, Segment, Timeline


@dataclass(frozen=True)
class RecordingInfo:
    """What is known of a recording beside its timeline; `title`, `project` and `tags` are whatever its owner wrote."""

    title: str
    id: str = ""
    project: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """`write(timeline, recording)` gives the file's bytes."""

    extension: str
    content_type: str
    write: Callable[[Timeline, RecordingInfo], bytes]


def caption(segment: Segment) -> str:
    """The segment in the words of the labelled video: `Happy 83 %`."""
    if segment.label == UNDETERMINED:
        return segment.label.capitalize()
    return f"{segment.label.capitalize()} {segment.confidence:.0%}".replace("%", " %")


def summary_text(found: dict[str, Any]) -> str:
    """A summary: `happy, 61 % of the time, mean probability 48 %`."""
    label, mean = found["label"], found["mean_probability"]
    sure = f", mean probability {percent(mean[label])}" if label in mean else ""
    return f"{label}, {percent(found['share'][label])} of the time{sure}"


def audio_visual_text(timeline: Timeline) -> str:
    """What audio and video alone say beside a label that EEG entered, in words; empty where there is no such label."""
    if timeline.mode is not Mode.AUDIO_VIDEO_EEG:
        return ""
    found = summary(timeline).get("audio_video")
    return f"Audio and video alone: {summary_text(found)}" if found else ""


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def one_line(text: str) -> str:
    """`text` as one line of printable characters, for formats in which a line or control character has a meaning."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
