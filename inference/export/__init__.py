"""Timelines as files for other tools, one module for each format."""

from inference.export import bids, eaf, html_report, result, srt, table, textgrid, vtt
from inference.export.codec import decode_timeline, encode_timeline
from inference.export.writer import RecordingInfo, Writer

WRITERS: dict[str, Writer] = {
    "json": result.WRITER,
    "csv": table.WRITER,
    "vtt": vtt.WRITER,
    "srt": srt.WRITER,
    "eaf": eaf.WRITER,
    "textgrid": textgrid.WRITER,
    "bids": bids.WRITER,
    "html": html_report.WRITER,
}

__all__ = ["WRITERS", "RecordingInfo", "Writer", "decode_timeline", "encode_timeline"]
