"""A timeline as captions, which the writers of WebVTT and SubRip share."""

import html
import io

from webvtt import Caption, WebVTT

from inference.export.writer import milliseconds, one_line
from inference.types import Timeline
from inference.wording import audio_visual_text, caption


def captions(timeline: Timeline, title: str, kind: str) -> bytes:
    """Return the captions as a file of `kind`, `vtt` or `srt`. Only WebVTT has comments, for title and notice."""
    comments = [
        html.escape(one_line(text), quote=False) for text in (title, audio_visual_text(timeline), timeline.notice)
    ]
    captions = [
        Caption(_timestamp(segment.start_s), _timestamp(segment.end_s), html.escape(caption(segment), quote=False))
        for segment in timeline.segments
    ]
    text = io.StringIO()
    WebVTT(captions=captions, header_comments=[comment for comment in comments if comment]).write(text, format=kind)
    return f"{text.getvalue().rstrip()}\n".encode()


def _timestamp(seconds: float) -> str:
    """Return a time as `00:00:12.500`."""
    whole, thousandths = divmod(milliseconds(seconds), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{thousandths:03}"
