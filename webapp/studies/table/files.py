"""The table as a file that is written while it is sent: memory holds the rows of a few recordings."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from inference.export.table import defused
from webapp.recordings.models import Project
from webapp.studies import selectors
from webapp.studies.table.columns import Column, Kind, Unit, table_columns
from webapp.studies.table.recordings import chosen_analyses, labels_of, measured_recordings
from webapp.studies.table.rows import Layout, UnitRows, recording_cells, unit_rows

if TYPE_CHECKING:
    import pyarrow as pa

CSV, PARQUET = "csv", "parquet"
CONTENT_TYPES = {CSV: "text/csv; charset=utf-8", PARQUET: "application/vnd.apache.parquet"}
BATCH_ROWS = 5000  # of a Parquet row group, and of what is written to CSV at once


class Table:
    """The table of a project for one unit and, optionally, one model; `own` for its owner."""

    def __init__(self, project: Project, unit: Unit, *, own: bool, model: str = "") -> None:
        self.project, self.unit, self.own = project, unit, own
        self.chosen = chosen_analyses(project, model)
        labels = labels_of(self.chosen)
        self.layout = Layout(labels)
        self.columns = table_columns(list(selectors.variables_of(project)), labels)

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """The rows, recording by recording."""
        values = selectors.values_by_recording(self.project)
        schema = _schema(self.columns)
        for one in measured_recordings(self.chosen):
            about = recording_cells(one, values.get(one.recording.pk, {}), own=self.own)
            rows = unit_rows(one, self.unit, self.layout)
            yield _batch(schema, {"project": self.project.name, **about}, rows, self.layout)

    def write(self, format: str) -> Iterator[bytes]:
        """The file in CSV or PARQUET, in pieces."""
        import pyarrow as pa

        schema, sink = _schema(self.columns), _Sink()
        with _writer(format, sink, schema) as writer:
            waiting: list[pa.RecordBatch] = []
            for batch in self.batches():
                waiting.append(batch)
                if sum(each.num_rows for each in waiting) >= BATCH_ROWS:
                    writer.write_table(_table(waiting, schema, format))
                    waiting.clear()
                    yield sink.take()
            if waiting:
                writer.write_table(_table(waiting, schema, format))
        yield sink.take()


def _schema(columns: tuple[Column, ...]) -> "pa.Schema":
    import pyarrow as pa

    types = {Kind.TEXT: pa.string(), Kind.NUMBER: pa.float64(), Kind.BOOLEAN: pa.bool_()}
    return pa.schema([(column.name, types[column.kind]) for column in columns])


def _batch(schema: "pa.Schema", about: dict[str, Any], rows: UnitRows, layout: Layout) -> "pa.RecordBatch":
    """The rows of one recording; `about` is the same in all of them."""
    import pyarrow as pa

    count = len(rows.cells)
    varying = dict.fromkeys(name for cells in rows.cells for name in cells)
    arrays = []
    for column in schema:
        if column.name in layout.index:
            values = rows.measures[:, layout.index[column.name]]
            arrays.append(pa.array(values, column.type, from_pandas=True))
        elif column.name in varying:
            arrays.append(pa.array([cells.get(column.name) for cells in rows.cells], column.type))
        else:
            value = about.get(column.name)
            # An empty text is as missing as none.
            arrays.append(pa.repeat(pa.scalar(None if value == "" else value, column.type), count))
    return pa.record_batch(arrays, schema=schema)


def _table(batches: "list[pa.RecordBatch]", schema: "pa.Schema", format: str) -> "pa.Table":
    """The batches as one table; in CSV without texts that a spreadsheet would evaluate."""
    import pyarrow as pa

    table = pa.Table.from_batches(batches, schema)
    if format == PARQUET:
        return table
    for number, column in enumerate(schema):
        if column.type == pa.string():
            texts = table.column(number).to_pylist()
            table = table.set_column(number, column, pa.array([text and defused(text) for text in texts], pa.string()))
    return table


def _writer(format: str, sink: "_Sink", schema: "pa.Schema") -> Any:
    if format == PARQUET:
        from pyarrow import parquet

        return parquet.ParquetWriter(sink, schema)
    from pyarrow import csv

    return csv.CSVWriter(sink, schema, write_options=csv.WriteOptions(quoting_style="needed"))


class _Sink(io.RawIOBase):
    """The file object that pyarrow writes to; holds the bytes that are not sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._written = 0

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def tell(self) -> int:
        """The bytes written so far."""
        return self._written

    def write(self, data: Any) -> int:
        """Append bytes."""
        piece = memoryview(data)
        self._waiting += piece
        self._written += piece.nbytes
        return piece.nbytes

    def take(self) -> bytes:
        """The waiting bytes."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece

    def close(self) -> None:
        """The end of the file is still to be taken."""
