"""SubRip: the labels as captions for players that do not read WebVTT."""

from inference.export.subtitles import subtitles
from inference.export.writer import Writer
from inference.types import Timeline


def write(timeline: Timeline, title: str) -> bytes:
    return subtitles(timeline, title, "srt")


WRITER = Writer("srt", "application/x-subrip; charset=utf-8", write)
