"""SubRip: the labels as captions for players that do not read WebVTT."""

from inference.export.captions import captions
from inference.export.writer import RecordingInfo, Writer
from inference.types import Timeline


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Return the captions."""
    return captions(timeline, recording.title, "srt")


WRITER = Writer("srt", "application/x-subrip; charset=utf-8", write)
