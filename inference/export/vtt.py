"""WebVTT: the labels as captions for browsers' players."""

from inference.export.captions import captions
from inference.export.writer import RecordingInfo, Writer
from inference.types import Timeline


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Return the captions."""
    return captions(timeline, recording.title, "vtt")


WRITER = Writer("vtt", "text/vtt; charset=utf-8", write)
