"""How many rows the files of a project have and about how large they are, without reading what is in them.

The bytes are those of the benchmark's and of the demonstration study's files, of which most are numbers of full
precision: `tests/webapp/studies/test_file_sizes.py` compares.
"""

import math
from dataclasses import dataclass

from django.db.models import Q

from webapp.analyses.models import Segment, WindowScore
from webapp.recordings.models import Project
from webapp.studies.models import Marker
from webapp.studies.table.columns import LABEL_MEASURES, Unit
from webapp.studies.table.files import BATCH_ROWS, CSV, PARQUET
from webapp.studies.table.recordings import chosen_analyses

_OTHER_MEASURES = 3  # valence, arousal, and changes a minute or the time read
# Of a number: probabilities of windows have all digits, of other units many measures are moments or missing.
_WINDOW_NUMBER = {CSV: 18.0, PARQUET: 8.4}
_NUMBER = {CSV: 13.0, PARQUET: 6.0}
_TEXTS = {CSV: 210, PARQUET: 8}  # of the cells of a row that are no measures
_CSV_NAME = 25  # of a column
_PARQUET_COLUMN = 280  # of a row group
_BIDS_RECORDING = 6000  # sidecars and markers


@dataclass(frozen=True)
class FileSizes:
    """The rows of each unit; people's corrections add theirs. `labels` and `baselines` are means over the recordings.

    `labels` is how many labels their models know, `baselines` the share that is also measured relative to a baseline.
    """

    rows: dict[Unit, int]
    columns: int
    labels: float
    baselines: float

    def table_bytes(self, unit: Unit, format: str) -> int:
        """About how many bytes a table has in CSV or PARQUET."""
        rows = self.rows[unit]
        if format == CSV:
            return self._row_bytes(unit, CSV) + self.columns * (_CSV_NAME + rows)
        return self._row_bytes(unit, PARQUET) + self.columns * _PARQUET_COLUMN * math.ceil(rows / BATCH_ROWS)

    def bids_bytes(self) -> int:
        """About how many bytes the zip file of BIDS derivatives has: numbers take as many as in Parquet."""
        rows = self._row_bytes(Unit.SEGMENT, PARQUET) + self._row_bytes(Unit.WINDOW, PARQUET)
        return rows + self.rows[Unit.RECORDING] * _BIDS_RECORDING

    def _row_bytes(self, unit: Unit, format: str) -> int:
        """The bytes of all rows without separators."""
        is_window = unit is Unit.WINDOW
        measures = (1 if is_window else len(LABEL_MEASURES)) * self.labels + _OTHER_MEASURES
        number = (_WINDOW_NUMBER if is_window else _NUMBER)[format]
        return round(self.rows[unit] * (_TEXTS[format] + number * measures * (1 + self.baselines)))


def file_sizes(project: Project, columns: int) -> FileSizes:
    """Count what the files of a project hold; `columns` is the number of the table's columns."""
    chosen = chosen_analyses(project).order_by()
    analyses, recordings = chosen.values("pk"), chosen.values("recording")
    labels = [len(known) for known in chosen.values_list("labels", flat=True)]
    marked = chosen.filter(Q(recording__markers__kind=Marker.Kind.BASELINE) | Q(neutral_baseline__isnull=False))
    relative = chosen.filter(
        Q(pk__in=marked.values("pk")) | Q(recording__participant__in=marked.values("recording__participant"))
    )
    return FileSizes(
        rows={
            Unit.RECORDING: len(labels),
            Unit.MARKER: Marker.objects.filter(~Q(kind=Marker.Kind.EXCLUDE), recording__in=recordings).count(),
            Unit.SEGMENT: Segment.objects.filter(analysis__in=analyses).count(),
            Unit.WINDOW: WindowScore.objects.filter(analysis__in=analyses).count(),
        },
        columns=columns,
        labels=sum(labels) / max(1, len(labels)),
        baselines=relative.count() / max(1, len(labels)),
    )
