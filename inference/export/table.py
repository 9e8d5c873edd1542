"""CSV: a row a segment, for spreadsheets and statistics.

Where a person corrected the timeline, two more columns, `reader` (machine, person) and `note`, tell the machine's rows
from the person's, which follow them and have no scores.
"""

import csv
import io

from inference.export.writer import Writer, one_line
from inference.types import Correction, Segment, Timeline

MACHINE, PERSON = "machine", "person"  # whose a row is
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


def _times(segment: Segment | Correction) -> list[str]:
    return [f"{segment.start_s:.3f}", f"{segment.end_s:.3f}"]


def write(timeline: Timeline, title: str) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    corrected = timeline.corrections
    names = header(timeline)
    rows.writerow([*map(safe, names), *(["reader", "note"] if corrected else [])])
    for segment in timeline.segments:
        row = [*_times(segment), safe(segment.label), f"{segment.confidence:.4f}", *scores(segment, timeline)]
        rows.writerow([*row, *([MACHINE, ""] if corrected else [])])
    for own in corrected.segments if corrected else ():
        unscored = [""] * (len(names) - 3)
        rows.writerow([*_times(own), safe(own.label), *unscored, PERSON, safe(one_line(own.note))])
    return text.getvalue().encode()


WRITER = Writer("csv", "text/csv; charset=utf-8", write)
