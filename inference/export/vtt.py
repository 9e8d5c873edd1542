"""WebVTT: the labels as captions for browsers' players."""

from inference.export.subtitles import subtitles
from inference.export.writer import Writer
from inference.types import Timeline


def write(timeline: Timeline, title: str) -> bytes:
    return subtitles(timeline, title, "vtt")


WRITER = Writer("vtt", "text/vtt; charset=utf-8", write)
