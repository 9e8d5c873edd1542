"""EAF and TextGrid, read back as ELAN and Praat read them."""

from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from praatio import textgrid  # type: ignore[import-untyped]
from pympi import Elan, Praat

from inference.export import WRITERS, RecordingInfo
from inference.types import Timeline
from tests.inference.timelines import ABOUT, TITLE, fused, timeline

INTERVALS = [(segment.start_s, segment.end_s, segment.label) for segment in timeline().segments]


def parsed(title: str, of: Timeline | None = None) -> ElementTree.Element:
    data = WRITERS["eaf"].write(of or timeline(), RecordingInfo(title))
    return ElementTree.fromstring(data)  # noqa: S314 written here


def test_elan_has_a_tier_of_labels_and_one_of_confidences(tmp_path: Path) -> None:
    path = tmp_path / "timeline.eaf"
    path.write_bytes(WRITERS["eaf"].write(timeline(), ABOUT))

    read = Elan.Eaf(path)

    assert set(read.get_tier_names()) == {"emotion", "confidence"}
    assert sorted(read.get_annotation_data_for_tier("emotion")) == [
        (round(start * 1000), round(end * 1000), label) for start, end, label in INTERVALS
    ]
    assert [value for _, _, value in sorted(read.get_annotation_data_for_tier("confidence"))] == [
        *("0.75", "0.00", "0.75", "0.75"),
    ]
    (media,) = read.get_linked_files()
    assert (media["RELATIVE_MEDIA_URL"], media["MIME_TYPE"]) == ("./annotated.mp4", "video/mp4")


def test_elan_times_are_in_milliseconds_and_every_reference_leads_somewhere() -> None:
    document = parsed(TITLE)
    header = document.find("HEADER")

    assert header is not None and header.get("TIME_UNITS") == "milliseconds"
    slots = {slot.get("TIME_SLOT_ID") for slot in document.iter("TIME_SLOT")}
    used = {
        one.get(end) for one in document.iter("ALIGNABLE_ANNOTATION") for end in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
    }
    assert used == slots
    types = {one.get("LINGUISTIC_TYPE_ID") for one in document.iter("LINGUISTIC_TYPE")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in document.iter("TIER")} <= types


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_title_leaves_sound_xml(title: str) -> None:
    document = parsed(title)
    names = [one.get("NAME") for one in document.iter("PROPERTY")]
    assert names.count("title") == 1


def test_the_title_is_kept_as_a_property() -> None:
    document = parsed(TITLE)
    said = {one.get("NAME"): one.text for one in document.iter("PROPERTY")}
    assert said["title"] == """=1+1 <b>"A" & 'B'</b> --> 😀 WEBVTT"""
    assert said["notice"] == timeline().notice


def test_beside_eeg_stands_a_tier_of_what_audio_and_video_say(tmp_path: Path) -> None:
    path = tmp_path / "timeline"
    path.write_bytes(WRITERS["eaf"].write(fused(), ABOUT))
    document = Elan.Eaf(path)
    labels = ["happy", "sad", "undetermined", "happy", "undetermined"]
    assert [label for _, _, label in sorted(document.get_annotation_data_for_tier("audio-video"))] == labels
    said = {one.get("NAME"): one.text for one in parsed(TITLE, fused()).iter("PROPERTY")}
    assert said["audio-video"] == "Audio and video alone: happy, 38 % of the time, mean probability 58 %"

    path.write_bytes(WRITERS["textgrid"].write(fused(), ABOUT))
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")
    assert grid.tierNames == ("emotion", "confidence", "audio-video")
    assert [entry.label for entry in grid.getTier("audio-video").entries] == labels


def test_praat_has_a_tier_of_labels_and_one_of_confidences(tmp_path: Path) -> None:
    path = tmp_path / "timeline.TextGrid"
    path.write_bytes(WRITERS["textgrid"].write(timeline(), ABOUT))

    read = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")

    assert read.tierNames == ("emotion", "confidence")
    assert (read.minTimestamp, read.maxTimestamp) == (0, 3661.5)
    assert [tuple(entry) for entry in read.getTier("emotion").entries] == INTERVALS
    assert [entry.label for entry in read.getTier("confidence").entries] == ["0.75", "0.00", "0.75", "0.75"]
    assert list(Praat.TextGrid(str(path)).get_tier("emotion").get_intervals()) == INTERVALS
