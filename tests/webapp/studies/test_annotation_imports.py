"""Markers and transcripts from files of other tools."""

import struct
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pympi import Elan
from rest_framework.test import APIClient

from tests.webapp.factories import DURATION_S, ProjectFactory, RecordingFactory, StimulusFactory, with_files
from webapp.accounts.models import User
from webapp.recordings.models import MediaFile, Recording
from webapp.studies import selectors
from webapp.studies.models import Marker, TranscriptLine

LONG_TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 3.3e-16
xmax = 10
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "exclude"
        xmin = 0
        xmax = 10
        intervals: size = 2
        intervals [1]:
            xmin = 1e-05
            xmax = 4.5
            text = ""
        intervals [2]:
            xmin = 4.5
            xmax = 6
            text = "she says ""no"" 7"
    item [2]:
        class = "TextTier"
        name = "notes"
        xmin = 0
        xmax = 10
        points: size = 1
        points [1]:
            number = 2.25
            mark = "laugh"
"""
SHORT_TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
10
<exists>
1
"IntervalTier"
"Anna"
0
10
1
1.5
3
"Good morning"
"""


@pytest.fixture
def recording(owner: User) -> Recording:
    return RecordingFactory.create(owner=owner, project=ProjectFactory.create(owner=owner), title="First clip")


def an_eaf(tmp_path: Path) -> bytes:
    document = Elan.Eaf(author="somebody")
    document.remove_tier("default")
    document.add_tier("baseline")
    document.add_annotation("baseline", 0, 1500, "rest")
    document.to_file(str(tmp_path / "a.eaf"))
    return (tmp_path / "a.eaf").read_bytes()


def an_xdf(*, markers: dict[float, str], first_frame_s: float = 100.0) -> bytes:
    """Two streams: the frames of a camera, and markers of text."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content

    def header(stream: int, name: str, form: str) -> bytes:
        text = (
            f"<info><name>{name}</name><type>x</type><channel_count>1</channel_count><nominal_srate>0</nominal_srate>"
            f"<channel_format>{form}</channel_format><source_id>a</source_id><hostname>h</hostname>"
            "<session_id>s</session_id><uid>u</uid><created_at>0</created_at></info>"
        )
        return chunk(2, struct.pack("<I", stream) + text.encode())

    def texts() -> bytes:
        rows = b"".join(
            b"\x08" + struct.pack("<d", time_s) + b"\x01" + bytes([len(text)]) + text.encode()
            for time_s, text in markers.items()
        )
        return struct.pack("<I", 2) + b"\x01" + bytes([len(markers)]) + rows

    frames = struct.pack("<I", 1) + b"\x01\x01" + b"\x08" + struct.pack("<d", first_frame_s) + struct.pack("<i", 0)
    whole = b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    whole += header(1, "Camera", "int32") + header(2, "Keys", "string")
    return whole + chunk(3, frames) + chunk(3, texts())


def sent(api: APIClient, target: Any, name: str, content: bytes | str, what: str = "markers", **fields: Any) -> Any:
    kind = "recordings" if isinstance(target, Recording) else "projects"
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return api.post(f"/api/v1/{kind}/{target.pk}/{what}/import/", {"file": file, **fields}, format="multipart")


def described(recording: Recording) -> list[tuple[Any, ...]]:
    rows = selectors.markers_on(recording)
    return [(row.start_s, row.end_s, row.kind, row.name, row.source) for row in rows]


def test_a_csv_file_states_kinds_or_names_stimuli(api: APIClient, recording: Recording) -> None:
    StimulusFactory.create(project=recording.project, name="Advert")
    content = "Start;End;Kind;Name\n0;2;baseline;\n2;5;;Advert\n\n7;;;beep\n"
    assert sent(api, recording, "markers.csv", content).status_code == 201
    assert described(recording) == [
        (0.0, 2.0, "baseline", "", "import:csv"),
        (2.0, 5.0, "stimulus", "Advert", "import:csv"),
        (7.0, 7.0, "event", "beep", "import:csv"),
    ]


def test_a_csv_file_is_for_many_recordings(api: APIClient, recording: Recording, owner: User) -> None:
    other = RecordingFactory.create(owner=owner, project=recording.project, title="Second clip")
    with_files(other, video=b"picture")
    MediaFile.objects.update(original_name="P02.mp4")
    content = "recording,start,end,name\nfirst clip,1,2,a\nP02.mp4,2,3,b\nP02,3,4,c\n"
    assert len(sent(api, recording.project, "markers.csv", content).json()) == 3
    assert [name for *_, name, _ in described(other)] == ["b", "c"]
    refused = sent(api, recording.project, "markers.csv", "recording,start\nThird clip,1\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "import_recording")
    assert refused.json()["detail"].startswith("Row 2: “Third clip” is none of the recordings here")
    refused = sent(api, recording.project, "markers.csv", "start\n1\n")
    assert refused.json()["detail"].startswith("Row 2: it names no recording")


def test_the_same_file_again_adds_what_is_new(api: APIClient, recording: Recording) -> None:
    content = "start,end,name\n1,2,a\n2,3,b\n"
    assert len(sent(api, recording, "markers.csv", content).json()) == 2
    assert [row["name"] for row in sent(api, recording, "markers.csv", content + "3,4,c\n").json()] == ["c"]
    assert [name for *_, name, _ in described(recording)] == ["a", "b", "c"]


def test_bids_elan_and_praat_are_read(api: APIClient, recording: Recording, tmp_path: Path) -> None:
    sent(api, recording, "events.tsv", "onset\tduration\ttrial_type\tvalue\n0.5\t1\tface\t3\n3\tn/a\tn/a\t7\n")
    sent(api, recording, "notes.eaf", an_eaf(tmp_path))
    sent(api, recording, "notes.TextGrid", LONG_TEXTGRID)
    assert described(recording) == [
        (0.0, 1.5, "baseline", "rest", "import:eaf"),
        (0.5, 1.5, "event", "face", "import:bids"),
        (2.25, 2.25, "event", "laugh", "import:textgrid"),
        (3.0, 3.0, "event", "7", "import:bids"),
        (4.5, 6.0, "exclude", 'she says "no" 7', "import:textgrid"),
    ]


def test_markers_of_lsl_count_from_the_first_frame_or_a_time(api: APIClient, recording: Recording) -> None:
    content = an_xdf(markers={101.5: "start", 104.0: "stop"})
    assert sent(api, recording, "session.xdf", content, zero_stream="Camera").status_code == 201
    assert described(recording) == [
        (1.5, 1.5, "event", "start", "import:xdf"),
        (4.0, 4.0, "event", "stop", "import:xdf"),
    ]
    Marker.objects.all().delete()
    assert sent(api, recording, "session.xdf", content, zero_s=101).status_code == 201
    assert [start for start, *_ in described(recording)] == [0.5, 3.0]
    for fields in ({}, {"zero_stream": "EEG"}):
        refused = sent(api, recording, "session.xdf", content, **fields)
        assert (refused.status_code, refused.json()["code"]) == (422, "import_unreadable")
        assert "streams are “Camera”, “Keys”" in refused.json()["detail"]
    assert sent(api, recording, "session.xdf", content, zero_s=103).json()["code"] == "marker_range"


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("notes.txt", "start\n1", "import_format", "none of csv, bids, eaf, textgrid, xdf"),
        ("a.csv", "onset\n1", "import_unreadable", "no column “start”"),
        ("a.csv", "start,end\n1", "import_unreadable", "Row 2 has 1 cells and the header 2"),
        ("a.csv", "start,start\n1,2", "import_unreadable", "Two columns"),
        ("a.csv", 'start,end\n"1,5",2', "import_unreadable", "Row 2, column “start”: “1,5” is no number"),
        ("a.csv", "start\nnan", "import_unreadable", "Row 2, column “start”: “nan” is no number"),
        ("a.csv", "start,kind\n1,stimuli", "import_unreadable", "Row 2: “stimuli” is none of the kinds"),
        ("a.csv", f"start,name\n1,{'n' * 500}", "import_unreadable", "Row 2: the name “nnn"),
        ("a.csv", b"start\n\xff", "import_unreadable", "UTF-8"),
        ("a.csv", "start,end\n1,2\n1,99", "marker_range", "Marker 2"),
        ("a.eaf", "<a/>", "import_unreadable", "no EAF document"),
        ("a.eaf", "no xml", "import_unreadable", "no EAF document"),
        ("a.TextGrid", LONG_TEXTGRID[:-30], "import_unreadable", "breaks off"),
        ("a.xdf", b"XDF:" + b"\x08" + b"\xff" * 40, "import_unreadable", "no XDF file"),
        ("a.xdf", b"XDF:", "import_unreadable", "no stream of text markers"),
        ("a.xdf", "no such file", "import_unreadable", "no XDF file"),
    ],
)
def test_a_file_that_does_not_fit_adds_nothing(
    api: APIClient, recording: Recording, name: str, content: bytes | str, code: str, says: str
) -> None:
    refused = sent(api, recording, name, content)
    assert refused.json()["code"] == code
    assert says in refused.json()["detail"]
    assert not Marker.objects.exists()


def test_entities_of_xml_do_not_grow(api: APIClient, recording: Recording) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "boom">{entities}]><ANNOTATION_DOCUMENT>&e9;</ANNOTATION_DOCUMENT>'
    assert sent(api, recording, "bomb.eaf", bomb).json()["code"] in ("import_unreadable", "too_costly")


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        (
            "a.vtt",
            "WEBVTT\n\n00:00:01.500 --> 00:00:02.250\n<v Anna Lee>Good <b>day</b>\nto you\n",
            [(1.5, 2.25, "Anna Lee", "Good day to you")],
        ),
        ("a.srt", "1\n00:00:01,500 --> 00:00:02,250\nGood day\n", [(1.5, 2.25, "", "Good day")]),
        ("a.TextGrid", SHORT_TEXTGRID, [(1.5, 3.0, "Anna", "Good morning")]),
    ],
)
def test_a_transcript_replaces_the_one_before(
    api: APIClient, recording: Recording, name: str, content: str, lines: list[tuple[Any, ...]]
) -> None:
    TranscriptLine.objects.create(recording=recording, start_s=0, end_s=1, text="Before")
    assert sent(api, recording, name, content, "transcript").status_code == 200
    found = [(line.start_s, line.end_s, line.speaker, line.text) for line in selectors.transcript_of(recording)]
    assert found == lines


def test_a_transcript_that_does_not_fit_leaves_the_one_before(api: APIClient, recording: Recording) -> None:
    TranscriptLine.objects.create(recording=recording, start_s=0, end_s=1, text="Before")
    late = f"WEBVTT\n\n00:00:01.500 --> 00:00:{DURATION_S + 1:06.3f}\nGood day\n"
    endless = "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n" + "word " * 1000
    for name, content, code in (
        ("a.vtt", endless, "import_unreadable"),
        ("a.vtt", late, "marker_range"),
        ("a.vtt", "hello", "import_unreadable"),
        ("a.eaf", "<a/>", "import_format"),
    ):
        assert sent(api, recording, name, content, "transcript").json()["code"] == code
    assert TranscriptLine.objects.get().text == "Before"


def test_only_the_owner_sends_files(client_of: Any, recording: Recording, stranger: User) -> None:
    for what, target in (("markers", recording), ("markers", recording.project), ("transcript", recording)):
        assert sent(client_of(stranger), target, "a.csv", "start\n1", what).status_code == 404
