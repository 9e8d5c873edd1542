"""A person's corrections in every format that carries them, read back by the libraries that people use."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest
from praatio import textgrid  # type: ignore[import-untyped]
from pympi import Elan

from inference.errors import Code, InputError
from inference.export import WRITERS, decode_timeline, encode_timeline
from inference.timeline.corrections import validate_corrections
from inference.types import UNDETERMINED, Correction, Corrections, Face, Faces
from tests.inference.timelines import ABOUT, LABELS, timeline

OWN = (
    Correction(0.0, 20.5, "sad", '=cmd|x\n<b>"tears"'),
    Correction(20.5, 3000.25, UNDETERMINED),
    Correction(3000.25, 3661.5, "happy"),
)
SPANS = [(one.start_s, one.end_s, one.label) for one in OWN]
NOTE = '=cmd|x <b>"tears"'
CORRECTED = replace(timeline(), corrections=Corrections(3, "rater & co", "2026-11-21T10:00:00+00:00", OWN))


def written(name: str) -> bytes:
    return WRITERS[name].write(CORRECTED, ABOUT)


def test_json_has_both_and_reads_back() -> None:
    result = json.loads(written("json"))
    assert result["corrections"]["revision"] == 3
    assert [(one["start_s"], one["end_s"], one["label"]) for one in result["corrections"]["segments"]] == SPANS
    assert decode_timeline(result).corrections == CORRECTED.corrections
    assert {**result, "corrections": None} == {**encode_timeline(timeline()), "corrections": None}


def test_csv_tells_the_readers_apart() -> None:
    table = pandas.read_csv(io.BytesIO(written("csv")))
    machine, person = table[table.reader == "machine"], table[table.reader == "person"]
    assert list(person[["start_s", "end_s", "label"]].itertuples(index=False, name=None)) == SPANS
    assert person[["confidence", *LABELS, "face", "voice", "eeg"]].isna().all(axis=None)
    assert person.note.iloc[0] == f"'{NOTE}"  # no formula in a spreadsheet
    plain = pandas.read_csv(io.BytesIO(WRITERS["csv"].write(timeline(), ABOUT)))
    assert list(plain.columns) == list(table.columns)
    assert machine.drop(columns="note").reset_index(drop=True).equals(plain.drop(columns="note"))


def test_elan_has_tiers_of_the_person(tmp_path: Path) -> None:
    path = tmp_path / "timeline.eaf"
    path.write_bytes(written("eaf"))
    document = Elan.Eaf(str(path))
    assert sorted(document.get_tier_names()) == ["confidence", "corrected", "emotion", "note"]
    found = [
        (start / 1000, end / 1000, label)
        for start, end, label, *_ in document.get_annotation_data_for_tier("corrected")
    ]
    assert sorted(found) == SPANS
    assert [note for _, _, note, *_ in document.get_annotation_data_for_tier("note")] == [NOTE]
    assert len(document.get_annotation_data_for_tier("emotion")) == 4


def test_praat_has_tiers_of_the_person(tmp_path: Path) -> None:
    path = tmp_path / "timeline.TextGrid"
    path.write_bytes(written("textgrid"))
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert grid.tierNames == ("emotion", "confidence", "corrected", "note")
    assert [tuple(entry) for entry in grid.getTier("corrected").entries] == SPANS
    assert [entry.label for entry in grid.getTier("note").entries] == [NOTE]


def test_bids_has_a_column_for_the_reader() -> None:
    with zipfile.ZipFile(io.BytesIO(written("bids"))) as packed:
        events = packed.read("events.tsv").decode()
        sidecar = json.loads(packed.read("events.json"))
    rows = list(csv.DictReader(io.StringIO(events), delimiter="\t"))
    person = [row for row in rows if row["reader"] == "person"]
    assert [(row["onset"], row["trial_type"], row["note"]) for row in person] == [
        ("0.000", "sad", f"'{NOTE}"),
        ("20.500", UNDETERMINED, "n/a"),
        ("3000.250", "happy", "n/a"),
    ]
    assert {row[name] for row in person for name in ("confidence", "p_sad", "face")} == {"n/a"}
    onsets = [float(row["onset"]) for row in rows]
    assert onsets == sorted(onsets)
    assert set(rows[0]) == set(sidecar)


def test_the_report_shows_both_timelines() -> None:
    page = written("html").decode()
    assert "Corrected by a person (3)" in page
    assert "rater &amp; co" in page
    assert "&lt;b&gt;" in page
    assert page.count('aria-label="The ') == 3


def test_the_report_has_corrected_values_beside_the_machines() -> None:
    page = written("html").decode()
    assert "Share of the recording, as a person corrected it" in page
    assert "happy 18.1 %" in page
    rows = page.partition("<h2>Segments (4)</h2>")[2].partition("</table>")[0].split("<tr>")[2:]
    marked = [re.findall("</svg>([A-Z][a-z]+)", row)[1:] for row in rows]
    assert marked == [["Sad"], ["Sad"], ["Sad", "Undetermined", "Happy"], ["Happy"]]


@pytest.mark.parametrize("name", ["vtt", "srt"])
def test_subtitles_stay_the_machines(name: str) -> None:
    assert written(name) == WRITERS[name].write(timeline(), ABOUT)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_without_corrections_and_faces_nothing_speaks_of_them(name: str) -> None:
    content = WRITERS[name].write(timeline(), ABOUT)
    if name == "bids":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"".join(packed.read(each) for each in packed.namelist())
    # A table's columns are always the same.
    for word in (b"correct", b"faces", *([] if name == "csv" else [b"reader"])):
        assert word not in content.lower()


def test_faces_go_to_json_and_back() -> None:
    faces = Faces(0.24, (Face(0.12, 10, -4, 50, 60), Face(0.6, 11, 12, 51, 61)))
    result = json.loads(WRITERS["json"].write(replace(timeline(), faces=faces), ABOUT))
    assert result["faces"] == {"step_s": 0.24, "boxes": [[0.12, 10, -4, 50, 60], [0.6, 11, 12, 51, 61]]}
    assert decode_timeline(result).faces == faces


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        ([], Code.CORRECTION_GAP),
        ([(0, 5, "sad"), (6, 10, "sad")], Code.CORRECTION_GAP),
        ([(0, 6, "sad"), (5, 10, "sad")], Code.CORRECTION_OVERLAP),
        ([(0, 10, "bored")], Code.CORRECTION_LABEL),
        ([(0, float("nan"), "sad")], Code.CORRECTION_RANGE),
        ([(0, float("inf"), "sad")], Code.CORRECTION_RANGE),
    ],
)
def test_what_is_no_whole_timeline_is_refused(segments: list[tuple[Any, ...]], code: Code) -> None:
    with pytest.raises(InputError) as refusal:
        validate_corrections([Correction(*one) for one in segments], LABELS, 10.0)
    assert refusal.value.code is code
