"""WebVTT and SubRip, read back by ffmpeg's own readers and by two libraries."""

import io
from fractions import Fraction

import av
import pytest
import srt  # type: ignore[import-untyped]
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from inference.export import WRITERS, RecordingInfo
from tests.inference.timelines import ABOUT, fused, timeline

CAPTIONS = ["Happy 75 %", "Undetermined", "Happy 75 %", "Sad 75 %"]


@pytest.mark.parametrize("kind", ["vtt", "srt"])
def test_ffmpeg_reads_every_segment_at_its_time(kind: str) -> None:
    file = io.BytesIO(WRITERS[kind].write(timeline(), ABOUT))
    with av.open(file, "r", format={"vtt": "webvtt"}.get(kind, kind)) as container:
        (stream,) = container.streams
        packets = [packet for packet in container.demux() if packet.size]

    assert stream.time_base == Fraction(1, 1000)
    assert [bytes(packet).decode() for packet in packets] == CAPTIONS
    assert [(packet.pts, packet.duration) for packet in packets] == [
        (round(segment.start_s * 1000), round((segment.end_s - segment.start_s) * 1000))
        for segment in timeline().segments
    ]


def test_webvtt_reads_the_captions() -> None:
    read = webvtt.from_string(WRITERS["vtt"].write(timeline(), ABOUT).decode(), strict=True)

    assert [caption.text for caption in read.captions] == CAPTIONS
    assert (read[2].start, read[2].end) == ("00:00:15.120", "01:00:00.007")


def test_srt_reads_the_captions() -> None:
    read = list(srt.parse(WRITERS["srt"].write(timeline(), ABOUT).decode()))

    assert [caption.content for caption in read] == CAPTIONS
    assert [caption.index for caption in read] == [1, 2, 3, 4]
    assert read[3].end.total_seconds() == 3661.5


def test_webvtt_carries_title_and_notice_as_comments() -> None:
    lines = WRITERS["vtt"].write(timeline(), ABOUT).decode().splitlines()

    assert lines[0] == "WEBVTT"
    assert """NOTE =1+1 &lt;b&gt;"A" &amp; 'B'&lt;/b&gt; --&gt; 😀 WEBVTT""" in lines
    assert "NOTE An estimate. Not what a person &lt;feels&gt; &amp; is." in lines


def test_webvtt_says_beside_eeg_what_audio_and_video_say_and_captions_stay_short() -> None:
    text = WRITERS["vtt"].write(fused(), ABOUT).decode()
    assert "NOTE Audio and video alone: happy, 38 % of the time, mean probability 58 %" in text.splitlines()
    assert webvtt.from_string(text, strict=True).captions[0].text == "Sad 70 %"


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_title_adds_or_hides_a_caption(title: str) -> None:
    text = WRITERS["vtt"].write(timeline(), RecordingInfo(title)).decode()

    assert text.count("-->") == 4
    assert [caption.text for caption in webvtt.from_string(text, strict=True).captions] == CAPTIONS
