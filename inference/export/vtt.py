"""WebVTT: the labels as captions for browsers' players."""

from inference.export.subtitles import subtitles
from inference.export.writer import RecordingInfo, Writer
from inference.types import Timeline


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    return subtitles(timeline, recording.title, "vtt")


WRITER = Writer("vtt", "text/vtt; charset=utf-8", write)
