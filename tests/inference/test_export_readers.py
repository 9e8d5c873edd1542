"""Every format, read by a library that did not write it, with what is most easily written wrongly."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import mne
import numpy as np
import pandas as pd
import pytest
import webvtt
from praatio import textgrid  # type: ignore[import-untyped]
from praatio.utilities.constants import Interval  # type: ignore[import-untyped]
from pympi import Elan

from inference.export import WRITERS
from inference.types import EMOTIONS, Timeline
from tests.inference.timelines import ABOUT, timeline

FULL_OF_JOY = 'full of "joy" & größer'  # a label such as a model of one's own may have
SPANS = [(segment.start_s, segment.end_s, segment.label) for segment in timeline().segments]


def written(name: str, of: Timeline) -> bytes:
    return WRITERS[name].write(of, ABOUT)


def renamed() -> Timeline:
    """The timeline with another name for `happy`."""
    whole = timeline()
    names = {label: FULL_OF_JOY if label == "happy" else label for label in (*whole.labels, "undetermined")}
    segments = tuple(
        replace(
            one,
            label=names[one.label],
            probabilities={names[label]: share for label, share in one.probabilities.items()},
        )
        for one in whole.segments
    )
    return replace(whole, labels=tuple(names[label] for label in whole.labels), segments=segments)


def empty() -> Timeline:
    return replace(timeline(), segments=(), windows=())


def elan(of: Timeline) -> pd.DataFrame:
    """The annotations of both tiers, times in seconds, as pandas finds them in the XML."""
    data = written("eaf", of)
    slots = pd.read_xml(io.BytesIO(data), xpath=".//TIME_SLOT", parser="etree").set_index("TIME_SLOT_ID")["TIME_VALUE"]
    notes = pd.read_xml(io.BytesIO(data), xpath=".//ALIGNABLE_ANNOTATION", parser="etree")
    return pd.DataFrame(
        {
            "start_s": notes["TIME_SLOT_REF1"].map(slots) / 1000,
            "end_s": notes["TIME_SLOT_REF2"].map(slots) / 1000,
            "label": notes["ANNOTATION_VALUE"],
        }
    )


def praat(of: Timeline, folder: Path) -> textgrid.Textgrid:
    path = folder / "timeline.TextGrid"
    path.write_bytes(written("textgrid", of))
    return textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")


def events(of: Timeline) -> pd.DataFrame:
    with zipfile.ZipFile(io.BytesIO(written("bids", of))) as file:
        return pd.read_csv(file.open("events.tsv"), sep="\t", na_values="n/a")


def captions(kind: str, of: Timeline) -> list[tuple[float, float, str]]:
    with av.open(io.BytesIO(written(kind, of)), "r", format={"vtt": "webvtt"}.get(kind, kind)) as container:
        return [
            (packet.pts / 1000, (packet.pts + packet.duration) / 1000, bytes(packet).decode())
            for packet in container.demux()
            if packet.size and packet.pts is not None and packet.duration is not None
        ]


def test_pandas_reads_the_table() -> None:
    table = pd.read_csv(io.BytesIO(written("csv", timeline())))

    assert list(table[["start_s", "end_s", "label"]].itertuples(index=False, name=None)) == SPANS
    scores = table[["confidence", *EMOTIONS, "face", "voice", "eeg", *(f"mean_{label}" for label in EMOTIONS)]]
    assert all(kind.kind == "f" for kind in scores.dtypes)
    assert table["confidence"].tolist() == [0.75, 0.0, 0.75, 0.75]


def test_pandas_reads_the_result() -> None:
    result = pd.read_json(io.BytesIO(written("json", timeline())), typ="series")
    segments = pd.json_normalize(result["segments"])

    assert list(segments[["start_s", "end_s", "label"]].itertuples(index=False, name=None)) == SPANS
    assert segments["probabilities.happy"].tolist() == [0.75, 0.0, 0.75, 0.125]


def test_pandas_reads_the_annotations_of_elan() -> None:
    emotions, confidences = elan(timeline())[:4], elan(timeline())[4:]

    assert list(emotions.itertuples(index=False, name=None)) == SPANS
    assert confidences["label"].astype(float).tolist() == [0.75, 0.0, 0.75, 0.75]


@pytest.mark.slow
def test_mne_marks_a_recording_with_the_events() -> None:
    table = events(timeline())
    marks = mne.Annotations(table["onset"], table["duration"], table["trial_type"])
    rate = 10
    raw = mne.io.RawArray(np.zeros((1, round(3661.5 * rate))), mne.create_info(1, rate), verbose="error")
    raw.set_annotations(marks, verbose="error")

    assert len(raw.annotations) == 4
    assert [(one["onset"], one["description"]) for one in raw.annotations] == [
        (pytest.approx(start), label) for start, _, label in SPANS
    ]
    starts, kinds = mne.events_from_annotations(raw, verbose="error")
    assert set(kinds) == {"happy", "sad", "undetermined"}
    assert starts[:, 0].tolist() == [0, 10, 151, 36000]
    assert table["confidence"].isna().tolist() == [False, True, False, False]


def test_a_label_may_have_spaces_quotes_and_other_letters(tmp_path: Path) -> None:
    odd = renamed()
    labels = [one.label for one in odd.segments]

    assert FULL_OF_JOY in labels
    assert pd.read_csv(io.BytesIO(written("csv", odd)))["label"].tolist() == labels
    assert events(odd)["trial_type"].tolist() == labels
    assert elan(odd)["label"][:4].tolist() == labels
    assert [entry.label for entry in praat(odd, tmp_path).getTier("emotion").entries] == labels
    said = webvtt.from_string(written("vtt", odd).decode(), strict=True)
    assert said[0].text == 'Full of "joy" &amp; größer 75 %'


def test_a_timeline_without_segments_is_still_a_file_of_its_format(tmp_path: Path) -> None:
    path = tmp_path / "timeline.eaf"
    path.write_bytes(written("eaf", empty()))

    assert pd.read_csv(io.BytesIO(written("csv", empty()))).empty
    assert events(empty()).empty
    assert json.loads(written("json", empty()))["segments"] == []
    assert captions("srt", empty()) == captions("vtt", empty()) == []
    assert set(Elan.Eaf(path).get_tier_names()) == {"emotion", "confidence"}
    grid = praat(empty(), tmp_path)
    assert (grid.maxTimestamp, grid.getTier("emotion").entries) == (3661.5, (Interval(0, 3661.5, ""),))


@pytest.mark.parametrize("kind", ["vtt", "srt"])
def test_captions_of_an_hour_and_more_stand_at_their_time(kind: str) -> None:
    assert captions(kind, timeline())[-1] == (3600.007, 3661.5, "Sad 75 %")
