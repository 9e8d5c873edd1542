"""Readers of markers and transcripts say what is wrong with whatever they are given, and nothing else happens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.annotations import captions, delimited, eaf, textgrid
from inference.annotations.reader import MAX_BYTES, AnnotationFormat, read_annotations
from inference.annotations.types import Annotation
from inference.errors import Code, InputError

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="a" DATE="2026-01-01" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="900"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="notes"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
 TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>laugh</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION></TIER><LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt"/>
</ANNOTATION_DOCUMENT>
"""
TEXTGRID = (
    'File type = "ooTextFile"\nObject class = "TextGrid"\n0\n2\n<exists>\n1\n"IntervalTier"\n"notes"\n0\n2\n1\n'
    '0.5\n0.9\n"laugh"\n'
)
Reader = Callable[[Path], list[Annotation]]
SAMPLES: dict[str, tuple[Reader, str]] = {
    "csv": (delimited.read_csv, "start,end,kind,name\n0.5,0.9,event,laugh\n"),
    "bids": (delimited.read_bids, "onset\tduration\ttrial_type\n0.5\t0.4\tlaugh\n"),
    "eaf": (eaf.read_eaf, EAF),
    "textgrid": (textgrid.read_textgrid, TEXTGRID),
    "vtt": (captions.read_vtt, "WEBVTT\n\n00:00.500 --> 00:00.900\nlaugh\n"),
    "srt": (captions.read_srt, "1\n00:00:00,500 --> 00:00:00,900\nlaugh\n"),
}
each_format = pytest.mark.parametrize("name", SAMPLES)


@each_format
def test_a_span_and_its_text_are_read(name: str, tmp_path: Path) -> None:
    read, text = SAMPLES[name]
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        if encoding != "utf-8" and name == "eaf":
            continue
        (tmp_path / "file").write_bytes(text.encode(encoding))
        (found,) = read(tmp_path / "file")
        assert (found.start_s, found.end_s, found.text) == (0.5, 0.9, "laugh")


@pytest.mark.slow
@each_format
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path, data: st.DataObject) -> None:
    read, text = SAMPLES[name]
    content = bytearray(text.encode())
    place = data.draw(st.integers(0, len(content)))
    match data.draw(st.sampled_from(("cut", "replace", "insert"))):
        case "cut":
            del content[place:]
        case "replace":
            content[place : place + 3] = data.draw(st.binary(max_size=6))
        case "insert":
            content[place:place] = data.draw(st.binary(max_size=20))
    (tmp_path / "file").write_bytes(content)
    try:
        found = read(tmp_path / "file")
    except InputError as error:
        assert error.code is Code.IMPORT_UNREADABLE
    else:
        assert all("\0" not in each.text and "\n" not in each.text for each in found)


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError) as refused:
        read_annotations(tmp_path / "file", AnnotationFormat.CSV)
    assert refused.value.code is Code.TOO_LARGE
