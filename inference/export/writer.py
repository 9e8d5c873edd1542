"""What every export format offers and needs."""

from collections.abc import Callable
from dataclasses import dataclass

from inference.types import Timeline


@dataclass(frozen=True)
class RecordingInfo:
    """What is known of a recording beside its timeline; the owner chose `title`, `project` and `tags`."""

    title: str
    id: str = ""
    project: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """An export format; `write(timeline, recording)` returns the bytes of the file."""

    extension: str
    content_type: str
    write: Callable[[Timeline, RecordingInfo], bytes]


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds."""
    return round(seconds * 1000)


def one_line(text: str) -> str:
    """Return `text` as one line of printable characters, for formats in which others have a meaning."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
