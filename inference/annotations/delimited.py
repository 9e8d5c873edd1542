"""Tables of markers: CSV with named columns, and events.tsv of BIDS (https://bids-specification.readthedocs.io)."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from inference.annotations.types import Annotation, one_line, unreadable

MISSING = ("", "n/a")


def read_csv(path: Path) -> list[Annotation]:
    """Columns `start` and `end` (s; empty for a moment), `kind`, `name`, `recording`; all but the first may be absent.

    Raises InputError(IMPORT_UNREADABLE), which names row and column.
    """
    found = []
    for number, row in _rows(path, ("start",)):
        start_s = _seconds(row, "start", number)
        end_s = start_s if row.get("end", "") in MISSING else _seconds(row, "end", number)
        about = {name: row.get(name, "") for name in ("kind", "recording")}
        found.append(Annotation(start_s, end_s, row.get("name", ""), **about, place=f"row {number}"))
    return found


def read_bids(path: Path) -> list[Annotation]:
    """Columns `onset`, `duration` (s), and for the name `trial_type`, else `value`.

    Raises InputError(IMPORT_UNREADABLE), which names row and column.
    """
    found = []
    for number, row in _rows(path, ("onset", "duration")):
        start_s = _seconds(row, "onset", number)
        length_s = 0.0 if row["duration"] in MISSING else _seconds(row, "duration", number)
        named = (row.get(name, "") for name in ("trial_type", "value"))
        text = next((name for name in named if name not in MISSING), "")
        found.append(Annotation(start_s, start_s + length_s, text, place=f"row {number}"))
    return found


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row below the header with its number in the file."""
    text = decode(path)
    header = text.partition("\n")[0]
    delimiter = next((sign for sign in ("\t", ";") if sign in header), ",")
    try:
        rows = [[one_line(cell) for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    except csv.Error as error:
        raise unreadable(f"The table cannot be read: {error}.") from error
    columns = [name.casefold() for name in rows[0]] if rows else []
    for name in needed:
        if name not in columns:
            raise unreadable(f"The table has no column “{name}”: name its columns in the first row.")
    if len(set(columns)) < len(columns):
        raise unreadable("Two columns of the table have one name: rename or remove one.")
    for number, row in enumerate(rows[1:], 2):
        if any(row):
            if len(row) != len(columns):
                raise unreadable(f"Row {number} has {len(row)} cells and the header {len(columns)}: make them equal.")
            yield number, dict(zip(columns, row, strict=True))


def decode(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark. Raises InputError(IMPORT_UNREADABLE)."""
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise unreadable("The file is no text in UTF-8: save it as that.") from error


def _seconds(row: dict[str, str], column: str, number: int) -> float:
    try:
        seconds = float(row[column])
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise unreadable(f"Row {number}, column “{column}”: “{row[column]}” is no number of seconds.")
    return seconds
