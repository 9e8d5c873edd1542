"""Transcripts as captions: WebVTT and SubRip (SRT)."""

import io
from pathlib import Path
from typing import Any

from inference.annotations.delimited import decode
from inference.annotations.types import Annotation, one_line, unreadable


def read_vtt(path: Path) -> list[Annotation]:
    """The cues with a text; the voice of a cue is the tier. Raises InputError(IMPORT_UNREADABLE)."""
    return _read(path, "vtt")


def read_srt(path: Path) -> list[Annotation]:
    """The subtitles with a text. Raises InputError(IMPORT_UNREADABLE)."""
    return _read(path, "srt")


def _read(path: Path, name: str) -> list[Annotation]:
    import webvtt

    try:
        captions = webvtt.from_buffer(io.StringIO(decode(path)), format=name).captions
    except webvtt.errors.MalformedFileError as error:
        raise unreadable(f"The file is no {name.upper()} file: export it again.") from error
    found = []
    for caption in captions:
        start_s, end_s = _seconds(caption.start_time), _seconds(caption.end_time)
        if text := one_line(caption.text):
            speaker = one_line(caption.voice or "")
            found.append(Annotation(start_s, end_s, text, speaker, place=f"the line at {start_s:.3f} s"))
    return found


def _seconds(timestamp: Any) -> float:
    hours, minutes, seconds, milliseconds = timestamp.to_tuple()
    return float(hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)
