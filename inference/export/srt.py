"""SubRip: the labels as captions for players that do not read WebVTT."""

from inference.export.subtitles import subtitles
from inference.export.writer import RecordingInfo, Writer
from inference.types import Timeline


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    return subtitles(timeline, recording.title, "srt")


WRITER = Writer("srt", "application/x-subrip; charset=utf-8", write)
