"""CSV and BIDS: tables that spreadsheets and statistics read."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from decimal import Decimal

from inference import store
from inference.export import WRITERS, RecordingInfo
from inference.types import EMOTIONS, Correction, Corrections, Timeline
from tests.inference.timelines import ABOUT, fused, timeline


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def packed(of: Timeline) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(WRITERS["bids"].write(of, ABOUT)))


def test_csv_has_a_row_a_segment() -> None:
    read = rows(WRITERS["csv"].write(timeline(), ABOUT))

    assert list(read[0]) == [
        *("recording_id", "title", "project", "tags", "start_s", "end_s", "label", "confidence"),
        *("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "face", "voice", "eeg"),
        *("face_label", "face_probability", "voice_label", "voice_probability", "eeg_label", "eeg_probability"),
        *("audio_video_label", "audio_video_probability"),
        *("valence", "valence_negative", "valence_neutral", "valence_positive", "arousal", "arousal_low"),
        *(
            "arousal_high",
            "reason",
            "voice_novelty",
            "relative_label",
            *(f"relative_{label}" for label in EMOTIONS),
            "mean_neutral",
            "mean_calm",
            "mean_happy",
            "mean_sad",
            "mean_angry",
        ),
        *("mean_fearful", "mean_disgust", "mean_surprised", "reader", "note"),
    ]
    assert [(float(row["start_s"]), float(row["end_s"]), row["label"]) for row in read] == [
        (segment.start_s, segment.end_s, segment.label) for segment in timeline().segments
    ]
    assert [float(row["confidence"]) for row in read] == [0.75, 0.0, 0.75, 0.75]
    assert float(read[3]["sad"]) == 0.75
    assert (read[0]["face"], read[0]["voice"], read[0]["eeg"]) == ("1.0000", "0.5000", "0.0000")
    assert (read[0]["valence"], read[0]["valence_positive"], read[0]["arousal_low"]) == ("positive", "0.7500", "0.2500")


def test_csv_has_the_same_columns_for_every_model_and_mode() -> None:
    other = replace(fused(), labels=("happy",), segments=fused().segments[3:4])
    headers = {WRITERS["csv"].write(each, ABOUT).splitlines()[0] for each in (timeline(), fused(), other)}
    assert len(headers) == 1
    assert {label for spec in store.list_models() for label in spec.labels} == set(EMOTIONS)


def test_csv_says_whose_it_is_and_what_each_modality_says() -> None:
    about = RecordingInfo("Visit 1", "0b0e", "=Pilot", ("calm room", "left"))
    read = rows(WRITERS["csv"].write(fused(), about))

    assert {(row["recording_id"], row["title"], row["project"], row["tags"]) for row in read} == {
        ("0b0e", "Visit 1", "'=Pilot", "calm room,left"),
    }
    names = ("face_label", "face_probability", "voice_label", "voice_probability", "eeg_label", "audio_video_label")
    assert [tuple(row[name] for name in names) for row in read] == [
        ("sad", "0.5000", "happy", "0.8000", "sad", "happy"),
        ("", "", "sad", "0.5000", "sad", "sad"),
        ("", "", "", "", "sad", ""),
        ("happy", "0.8000", "", "", "", "happy"),
        ("", "", "", "", "", ""),
    ]
    assert {row["angry"] for row in read} == {""}
    assert {(row["mean_happy"], row["mean_angry"], row["reader"]) for row in read} == {("0.2860", "", "machine")}


def test_no_cell_is_a_formula() -> None:
    labels = ("=cmd|' /C calc'!A1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", 'calm, "so"')
    segment = replace(timeline().segments[0], label=labels[0], probabilities=dict.fromkeys(labels, 0.1))
    own = Corrections(1, "rater", "2026-11-21T10:00:00+00:00", (Correction(0.0, 3600.0, labels[0], "-2+3"),))
    hostile = replace(timeline(), labels=labels, segments=(segment,), corrections=own)

    machine, person = rows(WRITERS["csv"].write(hostile, ABOUT))
    with packed(replace(hostile, labels=labels[:4])) as file:
        events = rows(file.read("events.tsv"), "\t")

    for row in (machine, person, *events):
        assert not any(cell and cell[0] in "=+-@\t\r\n" for cell in (*row, *row.values()))
    assert (person["label"], person["note"]) == (f"'{labels[0]}", "'-2+3")
    assert (events[1]["trial_type"], events[1]["note"]) == (f"'{labels[0]}", "'-2+3")
    assert 'calm, "so"' in machine


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


def test_bids_has_what_each_modality_says() -> None:
    with packed(fused()) as file:
        events, sidecar = rows(file.read("events.tsv"), "\t"), json.loads(file.read("events.json"))
    assert set(sidecar) == set(events[0])
    assert [row["audio_video_label"] for row in events] == ["happy", "sad", "n/a", "happy", "n/a"]
    assert (events[0]["face_label"], events[0]["face_probability"], events[1]["face_label"]) == ("sad", "0.5000", "n/a")
    assert "Audio and video alone: happy" in sidecar["trial_type"]["Description"]


def test_the_same_timeline_gives_the_same_zip() -> None:
    assert WRITERS["bids"].write(timeline(), ABOUT) == WRITERS["bids"].write(timeline(), ABOUT)
    with packed(timeline()) as file:
        assert {one.date_time for one in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
