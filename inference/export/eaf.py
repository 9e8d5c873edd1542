"""EAF: tiers of labels and confidences for ELAN, linked to the labelled video beside the file."""

from pympi import Elan

from inference.export.writer import Writer, milliseconds, one_line
from inference.types import Corrections, Timeline

VIDEO = "annotated.mp4"


def write(timeline: Timeline, title: str) -> bytes:
    document = Elan.Eaf(author="Emotrace")
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.remove_tier("default")
    document.add_linked_file(VIDEO, relpath=f"./{VIDEO}", mimetype="video/mp4")
    document.add_property("title", one_line(title))
    document.add_property("notice", one_line(timeline.notice))
    # Two aligned tiers: a confidence tier that refers to the first one takes pympi quadratic time.
    for tier in ("emotion", "confidence"):
        document.add_tier(tier)
    for segment in timeline.segments:
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        document.add_annotation("emotion", start, end, segment.label)
        document.add_annotation("confidence", start, end, f"{segment.confidence:.2f}")
    if timeline.corrections:
        _correct(document, timeline.corrections)
    return Elan.to_string(document, encoding="UTF-8")


def _correct(document: Elan.Eaf, corrections: Corrections) -> None:
    document.add_tier("corrected", ann=one_line(corrections.by))
    document.add_tier("note", ann=one_line(corrections.by))
    for segment in corrections.segments:
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        document.add_annotation("corrected", start, end, segment.label)
        if segment.note:
            document.add_annotation("note", start, end, one_line(segment.note))


WRITER = Writer("eaf", "application/xml", write)
