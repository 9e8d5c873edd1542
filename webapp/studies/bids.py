"""A BIDS derivatives tree of a project, in one zip file that is written while it is sent.

`derivatives/emotrace` is a derivative data set (BIDS 1.10): for each recording its markers as events, and its segments
and windows with their measures as behavioural tables. The codebook lies beside it.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import Any

from django.conf import settings
from django.utils import timezone

from inference.export.table import defused
from inference.export.writer import one_line
from webapp.recordings.models import Project
from webapp.storage.zip_stream import DEFLATED, ZipStream
from webapp.studies import selectors
from webapp.studies.models import Marker, Variable
from webapp.studies.table.codebook import codebook
from webapp.studies.table.columns import VARIABLE_PREFIX, Column, Unit, table_columns
from webapp.studies.table.recordings import MeasuredRecording, chosen_analyses, labels_of, measured_recordings
from webapp.studies.table.rows import Layout, UnitRows, unit_rows

BIDS_VERSION = "1.10.0"
ROOT = "derivatives/emotrace"
_MISSING = "n/a"
_ABOUT_ROWS = {
    Unit.SEGMENT: ("start_s", "end_s", "reader", "label", "confidence"),
    Unit.WINDOW: ("start_s", "end_s", "source"),
}
_MARKER_COLUMNS = {
    "onset": {"Description": "Start of the marker in the recording", "Units": "s"},
    "duration": {"Description": "Length of the marker", "Units": "s"},
    "trial_type": {
        "Description": "Kind of the marker",
        "Levels": {
            Marker.Kind.STIMULUS.value: "The participant sees or hears a stimulus",
            Marker.Kind.EVENT.value: "Something happens",
            Marker.Kind.BASELINE.value: "The participant is neutral",
            Marker.Kind.EXCLUDE.value: "Not to be measured",
        },
    },
    "marker": {"Description": "Name of the marker"},
    "stimulus": {"Description": "Name of the stimulus"},
}


def bids_archive(project: Project, *, model: str = "") -> Iterator[bytes]:
    """The zip file, in chunks; one analysis of each recording, as in the table."""
    return _Archive(project, model).write()


class _Archive:
    def __init__(self, project: Project, model: str) -> None:
        self._project = project
        self._chosen = chosen_analyses(project, model)
        labels = labels_of(self._chosen)
        self._layout = Layout(labels)
        self._variables = list(selectors.variables_of(project))
        self._columns = {column.name: column for column in table_columns(self._variables, labels)}
        self._task = _entity(project.name, "recording")
        self._subjects: dict[object, tuple[str, str | None, dict[str, selectors.Value]]] = {}

    def write(self) -> Iterator[bytes]:
        self._stream = ZipStream()
        values = selectors.values_by_participant(self._project)
        runs: dict[str, int] = {}
        yield from self._add("codebook.csv", codebook(list(self._columns.values())))
        yield from self._add(f"{ROOT}/dataset_description.json", _json(self._description()))
        yield from self._add(f"{ROOT}/README.md", self._readme().encode())
        for one in measured_recordings(self._chosen):
            subject = self._subject(one, values)
            runs[subject] = runs.get(subject, 0) + 1
            stem = f"{ROOT}/sub-{subject}/beh/sub-{subject}_task-{self._task}_run-{runs[subject]}"
            yield from self._recording(one, stem)
        yield from self._participants()
        yield from self._stream.close()

    def _add(self, name: str, content: bytes) -> Iterator[bytes]:
        yield from self._stream.add(name, io.BytesIO(content), timezone.now(), DEFLATED)

    def _subject(self, one: MeasuredRecording, values: selectors.ValuesByUnit) -> str:
        """The BIDS label of the participant, or of a recording without one."""
        participant = one.recording.participant
        key = participant.pk if participant else one.recording.pk
        if key not in self._subjects:
            taken = {label for label, *_ in self._subjects.values()}
            wanted = _entity(participant.code if participant else "", f"unassigned{len(taken) + 1}")
            label = wanted if wanted not in taken else f"{wanted}x{len(taken) + 1}"
            code = participant.code if participant else None
            self._subjects[key] = label, code, values.get(participant.pk, {}) if participant else {}
        return self._subjects[key][0]

    def _recording(self, one: MeasuredRecording, stem: str) -> Iterator[bytes]:
        about = {
            "TaskName": self._task,
            "Description": one_line(
                f"Recording {one.recording.title!r}, {one.recording.pk}, read by "
                f"{one.analysis.model_name} {one.analysis.model_version}. {one.analysis.notice}"
            ),
        }
        if one.markers:
            rows = [
                (each.start_s, each.end_s - each.start_s, each.kind, each.name, each.stimulus and each.stimulus.name)
                for each in one.markers
            ]
            yield from self._add(f"{stem}_events.tsv", _tsv([_MARKER_COLUMNS, *rows]))
            yield from self._add(f"{stem}_events.json", _json(about | _MARKER_COLUMNS))
        for unit in (Unit.SEGMENT, Unit.WINDOW):
            columns = self._unit_columns(unit)
            rows_of_unit = self._rows(unit_rows(one, unit, self._layout), columns)
            yield from self._add(f"{stem}_desc-{unit}s_beh.tsv", _tsv([[each.name for each in columns], *rows_of_unit]))
            sidecar = about | {column.name: _described(column) for column in columns}
            yield from self._add(f"{stem}_desc-{unit}s_beh.json", _json(sidecar))

    def _unit_columns(self, unit: Unit) -> list[Column]:
        """What distinguishes the unit's rows, and its measures; windows have none of a course in time."""
        course = ("time_share", "peak", "latency", "changes")
        measures = [
            column
            for column in self._layout.columns
            if unit is Unit.SEGMENT or not column.name.removeprefix("relative_").startswith(course)
        ]
        return [*(self._columns[name] for name in _ABOUT_ROWS[unit]), *measures]

    def _rows(self, rows: UnitRows, columns: Sequence[Column]) -> Iterator[list[Any]]:
        for cells, measures in zip(rows.cells, rows.measures.tolist(), strict=True):
            known = cells | {column.name: value for column, value in zip(self._layout.columns, measures, strict=True)}
            yield [known.get(column.name) for column in columns]

    def _participants(self) -> Iterator[bytes]:
        of_people = [each for each in self._variables if each.unit_of == Variable.Unit.PARTICIPANT]
        columns = {_participant_column(variable.name): variable for variable in of_people}
        rows = [
            [f"sub-{label}", code, *(values.get(variable.name) for variable in of_people)]
            for label, code, values in self._subjects.values()
        ]
        if not rows:
            return
        names = ["participant_id", "code", *columns]
        sidecar: dict[str, Any] = {"code": {"Description": "Code of the participant in the project"}}
        for name, variable in columns.items():
            levels = {"Levels": {level: level for level in variable.levels}} if variable.levels else {}
            sidecar[name] = {"Description": f"Variable {variable.name} of the project"} | levels
        yield from self._add(f"{ROOT}/participants.tsv", _tsv([names, *rows]))
        yield from self._add(f"{ROOT}/participants.json", _json(sidecar))

    def _description(self) -> dict[str, Any]:
        return {
            "Name": f"Emotrace readings of {one_line(self._project.name)}",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [
                {
                    "Name": "Emotrace",
                    "Version": settings.VERSION,
                    "Description": "Estimates of how a face and a voice look and sound to a network",
                }
            ],
        }

    def _readme(self) -> str:
        return (
            f"# Emotrace readings of {one_line(self._project.name)}\n\n"
            f"Emotrace {settings.VERSION} read these recordings. Of each there are the markers (`_events.tsv`), the "
            "segments with one label each (`_desc-segments_beh.tsv`) and the windows that the networks scored "
            "(`_desc-windows_beh.tsv`). Columns that begin with `relative_` are relative to the person's baseline. "
            "Sidecars describe every column.\n\n"
            "Readings are estimates. They do not say what a person feels, intends or is like.\n"
        )


def _participant_column(variable: str) -> str:
    """The column of a variable of participants; two names are taken."""
    return f"{VARIABLE_PREFIX}{variable}" if variable in ("participant_id", "code") else variable


def _entity(text: str, default: str) -> str:
    """Letters and digits of a text, as labels of BIDS have them."""
    return re.sub(r"[^A-Za-z0-9]", "", text) or default


def _described(column: Column) -> dict[str, str]:
    return {"Description": column.description} | ({"Units": column.unit} if column.unit else {})


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=2).encode()


def _tsv(rows: Iterable[Iterable[object]]) -> bytes:
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows).encode()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return _MISSING if isnan(value) else repr(value)
    return defused(one_line(str(value))) if value not in (None, "") else _MISSING
