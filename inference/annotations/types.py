"""What a file says about a span of a recording."""

from dataclasses import dataclass

from inference.errors import Code, InputError

MAX_ANNOTATIONS = 100_000  # of a file, for many recordings


@dataclass(frozen=True)
class Annotation:
    """A span in seconds. What the file does not say is empty; `place` is where in the file it stands."""

    start_s: float
    end_s: float
    text: str
    tier: str = ""
    kind: str = ""
    recording: str = ""
    place: str = ""


def unreadable(message: str) -> InputError:
    """InputError(IMPORT_UNREADABLE)."""
    return InputError(Code.IMPORT_UNREADABLE, message)


def one_line(text: str) -> str:
    """The text without line breaks, runs of spaces and NUL characters, which no database takes."""
    return " ".join(text.replace("\0", " ").split())
