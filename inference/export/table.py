"""CSV: a row a segment, for spreadsheets and statistics."""

import csv
import io

from inference.export.writer import Writer
from inference.types import Segment, Timeline

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def header(timeline: Timeline) -> list[str]:
    return ["start_s", "end_s", "label", "confidence", *timeline.labels, "face", "voice", "eeg"]


def scores(segment: Segment, timeline: Timeline) -> list[str]:
    """The columns after the confidence."""
    evidence = segment.evidence
    shares = [segment.probabilities[label] for label in timeline.labels]
    return [f"{value:.4f}" for value in (*shares, evidence.face, evidence.voice, evidence.eeg)]


def safe(cell: str) -> str:
    """`cell` such that no spreadsheet takes it for a formula: after an apostrophe, as OWASP advises."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def write(timeline: Timeline, title: str) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(map(safe, header(timeline)))
    for segment in timeline.segments:
        times = [f"{segment.start_s:.3f}", f"{segment.end_s:.3f}"]
        rows.writerow([*times, safe(segment.label), f"{segment.confidence:.4f}", *scores(segment, timeline)])
    return text.getvalue().encode()


WRITER = Writer("csv", "text/csv; charset=utf-8", write)
