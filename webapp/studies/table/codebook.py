"""The codebook: a row for each column of the table, with its type, unit and meaning."""

from collections.abc import Sequence

from inference.export.table import to_delimited
from webapp.studies.table.columns import Column

FORM = (
    "One row is one observation: a recording, marker, segment or window as one reader (machine or person) reads it. "
    "Each variable and each measure has a column of its own, and what is not known is empty: the tidy form that R's "
    "formulas and pandas' groupby take as it is. Measures of labels have common beginnings, so that pivot_longer or "
    "melt makes them long. Columns that begin with relative_ subtract the mean log-odds of the person's baseline "
    "(the spans marked as baseline in the recording, otherwise in the person's other recordings) from the log-odds of "
    "each window; the columns without it are raw. Neither excluded nor undetermined time counts. Windows have only the "
    "machine's rows, and no measures of a course in time."
)


def codebook(columns: Sequence[Column]) -> bytes:
    """Return the codebook as CSV; the first row describes the table."""
    rows = [("column", "type", "unit", "description"), ("", "", "", FORM)]
    rows += [(column.name, str(column.kind), column.unit, column.description) for column in columns]
    return to_delimited(rows).encode()
