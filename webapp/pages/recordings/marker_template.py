"""Markers as they are written in a text field, one a line."""

import csv

from django.core.exceptions import ValidationError

from webapp.studies.markers import NewMarker
from webapp.studies.models import TITLE_MAX_LENGTH, Marker
from webapp.studies.names import normalise_name

TEMPLATE_EXAMPLE = "0, 10, baseline, rest\n10, 40, stimulus, advert A"
MAX_ROWS = 200


def parse_template(text: str) -> list[NewMarker]:
    """Return the markers of lines `start, end, kind, name`, separated by tabs, semicolons or commas.

    Without an end a line is a moment. Raises ValidationError, which names the line.
    """
    delimiter = next((sign for sign in ("\t", ";") if sign in text), ",")
    rows = [(number, row) for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1) if row]
    if len(rows) > MAX_ROWS:
        raise ValidationError(f"These are more than {MAX_ROWS} markers.")
    return [_marker(number, [normalise_name(cell) for cell in row]) for number, row in rows if any(row)]


def _marker(number: int, cells: list[str]) -> NewMarker:
    start, end, kind, name = (*cells, "", "", "", "")[:4]
    if len(cells) > 4:
        raise ValidationError(f"Line {number} has more than start, end, kind and name.")
    if kind.lower() not in Marker.Kind.values:
        raise ValidationError(f"Line {number}: “{kind}” is none of {', '.join(Marker.Kind.values)}.")
    if len(name) > TITLE_MAX_LENGTH:
        raise ValidationError(f"Line {number}: a name has at most {TITLE_MAX_LENGTH} characters.")
    start_s = _seconds(number, start)
    return NewMarker(start_s, _seconds(number, end) if end else start_s, Marker.Kind(kind.lower()), name)


def _seconds(number: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValidationError(f"Line {number}: “{text}” is no number of seconds.") from None
