"""What every export format offers, and the words they share."""

from collections.abc import Callable
from dataclasses import dataclass

from inference.types import UNDETERMINED, Segment, Timeline


@dataclass(frozen=True)
class Writer:
    """`write(timeline, title)` gives the file's bytes; `title` is whatever its owner called the recording."""

    extension: str
    content_type: str
    write: Callable[[Timeline, str], bytes]


def caption(segment: Segment) -> str:
    """The segment in the words of the labelled video: `Happy 83 %`."""
    if segment.label == UNDETERMINED:
        return segment.label.capitalize()
    return f"{segment.label.capitalize()} {segment.confidence:.0%}".replace("%", " %")


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def one_line(text: str) -> str:
    """`text` as one line of printable characters, for formats in which a line or control character has a meaning."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
