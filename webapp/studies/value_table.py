"""Tables that are pasted from a spreadsheet: participants or recordings in rows, variables in columns. Pure text."""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.core.errors import RequestError, WebCode
from webapp.studies.models import NAME_MAX_LENGTH, NO_BRACES, Variable
from webapp.studies.names import normalise_name

MAX_CHARACTERS = 5_000_000
FIRST_COLUMNS = {
    **dict.fromkeys(("participant", "code", "subject", "participant_id", "sub"), Variable.Unit.PARTICIPANT),
    **dict.fromkeys(("recording", "title", "id", "recording_id", "file"), Variable.Unit.RECORDING),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d{1,3})?", re.ASCII)
# One comma before three digits may separate thousands, unless a zero stands before it.
_AMBIGUOUS_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass(frozen=True)
class ValueTable:
    """`columns` are names of variables; each of `rows` is the name of a unit and a cell for every column.

    `numbers` are the numbers of the rows in the text, the header being row 1.
    """

    unit_of: Variable.Unit
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    numbers: tuple[int, ...]


def parse_table(text: str, unit_of: Variable.Unit | None = None) -> ValueTable:
    """Parse cells that are separated by tabs, semicolons or commas, as the header is.

    Without `unit_of`, the name of the first column says what the rows are. Raises RequestError(VALUE_TABLE).
    """
    if len(text) > MAX_CHARACTERS:
        raise table_error(f"The table has more than {MAX_CHARACTERS:,} characters: send it in parts.")
    if "\0" in text:
        raise table_error("The table has a character without meaning (NUL) in it: copy it again as text.")
    lines = [(number, row) for number, row in enumerate(_cells(text.lstrip("\ufeff")), 1) if any(row)]
    if len(lines) < 2 or len(lines[0][1]) < 2:
        raise table_error(
            "A table needs a header with a name of the first column and of each variable, and a row below it."
        )
    header = lines[0][1]
    first, columns = header[0].casefold(), tuple(header[1:])
    unit_of = unit_of or FIRST_COLUMNS.get(first)
    if unit_of is None:
        raise table_error(f"The first column is called “{header[0]}”: call it participant or recording.", row=1)
    _check_columns(columns)
    seen: dict[str, int] = {}
    for number, row in lines[1:]:
        if len(row) != len(header):
            raise table_error(f"Row {number} has {len(row)} cells and the header {len(header)}: make them equal.")
        if not row[0]:
            raise table_error(f"Row {number} does not say which {unit_of} it is of: fill its first cell.")
        if (before := seen.setdefault(row[0].casefold(), number)) != number:
            raise table_error(f"Rows {before} and {number} are both of “{row[0]}”: keep one.")
    return ValueTable(
        unit_of,
        columns,
        tuple((row[0], tuple(row[1:])) for _, row in lines[1:]),
        tuple(number for number, _ in lines[1:]),
    )


def parse_numbers(cells: Sequence[str]) -> list[float | None]:
    """The numbers of a column, in which a comma may be the decimal sign; None for what is not a number.

    Commas count where no cell has a point, and where one cell at least cannot be meant in thousands.
    """
    with_comma = [cell for cell in cells if "," in cell]
    has_point = any("." in cell for cell in cells)
    is_decimal = not has_point and any(
        _DECIMAL_COMMA.fullmatch(cell) and not _AMBIGUOUS_COMMA.fullmatch(cell) for cell in with_comma
    )
    return [_number(cell, is_decimal) for cell in cells]


def looks_numeric(cell: str) -> bool:
    """Whether the cell is a number with a point or a comma, which may still be ambiguous among others."""
    return bool(_NUMBER.fullmatch(cell) or _DECIMAL_COMMA.fullmatch(cell))


def table_error(message: str, *, row: int | None = None, column: str | None = None) -> RequestError:
    """RequestError(VALUE_TABLE) that begins with the row and the column, where they are given."""
    where = [f"row {row}" if row else "", f"column “{column}”" if column else ""]
    place = ", ".join(filter(None, where))
    return RequestError(
        WebCode.VALUE_TABLE, f"{place[0].upper()}{place[1:]}: {message}" if place else message, field="table"
    )


def _cells(text: str) -> list[list[str]]:
    header = text.lstrip().partition("\n")[0]
    delimiter = next((sign for sign in ("\t", ";") if sign in header), ",")
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise table_error(f"The table cannot be read: {error}.") from error
    return [[normalise_name(cell) for cell in row] for row in rows]


def _check_columns(columns: Sequence[str]) -> None:
    seen: set[str] = set()
    for column in columns:
        if not column or len(column) > NAME_MAX_LENGTH:
            raise table_error(f"Every column needs a name of at most {NAME_MAX_LENGTH} characters.", row=1)
        if not re.match(NO_BRACES.regex, column):
            raise table_error(str(NO_BRACES.message), row=1, column=column)
        if column.casefold() in seen:
            raise table_error("There are two columns of this name: rename or remove one.", row=1, column=column)
        seen.add(column.casefold())


def _number(cell: str, decimal_comma: bool) -> float | None:
    if decimal_comma and _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    number = float(cell) if _NUMBER.fullmatch(cell) else math.nan
    return number if math.isfinite(number) else None
