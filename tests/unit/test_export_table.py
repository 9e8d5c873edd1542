"""CSV and BIDS: tables that spreadsheets and statistics read."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from decimal import Decimal

from inference.export import WRITERS
from inference.types import Timeline
from tests.unit.timelines import TITLE, timeline


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def packed(of: Timeline) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(WRITERS["bids"].write(of, TITLE)))


def test_csv_has_a_row_a_segment() -> None:
    read = rows(WRITERS["csv"].write(timeline(), TITLE))

    assert list(read[0]) == [
        *("start_s", "end_s", "label", "confidence", "neutral", "happy", "sad", "face", "voice", "eeg"),
    ]
    assert [(float(row["start_s"]), float(row["end_s"]), row["label"]) for row in read] == [
        (segment.start_s, segment.end_s, segment.label) for segment in timeline().segments
    ]
    assert [float(row["confidence"]) for row in read] == [0.75, 0.0, 0.75, 0.75]
    assert float(read[3]["sad"]) == 0.75
    assert (read[0]["face"], read[0]["voice"], read[0]["eeg"]) == ("1.0000", "0.5000", "0.0000")


def test_no_cell_is_a_formula() -> None:
    labels = ("=cmd|' /C calc'!A1", "+1", "-1", "@sum", "\tx", "\rx", 'calm, "so"')
    segment = replace(timeline().segments[0], label=labels[0], probabilities=dict.fromkeys(labels, 0.1))
    hostile = replace(timeline(), labels=labels, segments=(segment,))

    (row,) = rows(WRITERS["csv"].write(hostile, TITLE))

    assert not any(cell[0] in "=+-@\t\r" for cell in (*row, *row.values()))
    assert 'calm, "so"' in row


def test_bids_holds_events_and_the_sidecar_that_explains_every_column() -> None:
    with packed(timeline()) as file:
        assert file.testzip() is None
        events, sidecar = rows(file.read("events.tsv"), "\t"), json.loads(file.read("events.json"))

    assert list(events[0])[:3] == ["onset", "duration", "trial_type"]
    assert [row["trial_type"] for row in events] == [segment.label for segment in timeline().segments]
    assert [Decimal(row["onset"]) + Decimal(row["duration"]) for row in events] == [
        Decimal(str(segment.end_s)) for segment in timeline().segments
    ]
    assert events[1]["confidence"] == "n/a"
    assert set(sidecar) == set(events[0])
    assert set(sidecar["trial_type"]["Levels"]) == {"neutral", "happy", "sad", "undetermined"}
    assert "a-model 1" in sidecar["trial_type"]["Description"]
    assert timeline().notice in sidecar["trial_type"]["Description"]


def test_the_same_timeline_gives_the_same_zip() -> None:
    assert WRITERS["bids"].write(timeline(), TITLE) == WRITERS["bids"].write(timeline(), TITLE)
    with packed(timeline()) as file:
        assert {one.date_time for one in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
