"""The original with chapters and subtitles, read back by PyAV."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from inference.errors import Code, InputError
from inference.media.chapter_writer import add_chapters
from inference.media.container import start_s
from inference.media.probe import probe_video
from inference.types import UNDETERMINED, Evidence, Mode, Segment, Timeline
from tests.inference.clips import first_sound_s, made, picture, silent, talk, tone
from tests.inference.timelines import TITLE

pytestmark = pytest.mark.slow

CAPTIONS = ["Happy 83 %", "Undetermined", "Full of = joy; # & <i> 83 %"]
LABELS = ("happy", UNDETERMINED, "full of = joy; # & <i>")


def timeline(video: Path, *labels: str) -> Timeline:
    """The labels one after another, each for an equal part of the video."""
    media = probe_video(video)
    step = media.duration_s / len(labels)
    evidence = Evidence(1.0, 1.0, 0.0)
    cut = [Segment(n * step, (n + 1) * step, label, 0.83, {}, evidence) for n, label in enumerate(labels)]
    return Timeline(Mode.AUDIO_VIDEO, media, (), labels, (), tuple(cut), "An estimate.")


def chaptered(video: Path, *labels: str, title: str = TITLE) -> Path:
    folder = video.with_name("out")
    folder.mkdir()
    return add_chapters(video, timeline(video, *(labels or LABELS)), title, folder)


def chapters(path: Path) -> list[tuple[float, float, str]]:
    found = []
    with av.open(str(path)) as container:
        for each in container.chapters():
            assert each["time_base"] is not None
            start, end = (float(each[side] * each["time_base"]) for side in ("start", "end"))
            found.append((start, end, each["metadata"]["title"]))
    return found


def subtitles(path: Path) -> list[tuple[float, float, str]]:
    """Start, length and text of each subtitle that says something."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.subtitles
        return [
            (_seconds(packet.pts, packet), _seconds(packet.duration, packet), _words(packet, stream))
            for packet in container.demux(stream)
            if packet.size > 2  # an empty one fills a gap
        ]


def _words(packet: Any, stream: Any) -> str:
    data = bytes(packet)
    return (data[2 : 2 + int.from_bytes(data[:2])] if stream.codec_context.name == "mov_text" else data).decode()


def _seconds(ticks: int | None, packet: av.Packet) -> float:
    assert ticks is not None
    return float(ticks * packet.time_base)


def packets(path: Path, kind: str) -> list[tuple[float, str]]:
    """When each packet is shown, in seconds as a player counts, and the digest of its bytes."""
    with av.open(str(path)) as container:
        zero = start_s(container)
        return [
            (round(_seconds(packet.pts, packet) - zero, 3), hashlib.sha256(bytes(packet)).hexdigest())
            for packet in container.demux(**{kind: 0})
            if packet.size
        ]


def test_the_segments_are_chapters_at_their_times(tmp_path: Path) -> None:
    found = chapters(chaptered(talk(tmp_path / "clip.mp4", 3)))

    assert [title for _, _, title in found] == CAPTIONS
    assert [start for start, _, _ in found] == pytest.approx([0, 1, 2], abs=0.02)
    assert found[-1][1] == pytest.approx(3, abs=0.05)
    assert all(one[1] == following[0] for one, following in pairwise(found))


def test_the_segments_are_subtitles_at_their_times(tmp_path: Path) -> None:
    found = subtitles(chaptered(talk(tmp_path / "clip.mp4", 3)))

    assert [text for _, _, text in found] == CAPTIONS
    assert [start for start, _, _ in found] == pytest.approx([0, 1, 2], abs=0.02)
    assert [length for _, length, _ in found] == pytest.approx([1, 1, 1], abs=0.05)


def test_picture_and_sound_are_the_original_s_to_the_byte(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4")
    out = chaptered(clip)

    assert out.name == "chapters.mp4"
    for kind in ("video", "audio"):
        assert packets(out, kind) == packets(clip, kind) != []
    with av.open(str(clip)) as before, av.open(str(out)) as after:
        assert after.duration == before.duration
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "coding", "suffix"),
    [
        ("clip.mov", ["-c:v", "libx264", "-c:a", "pcm_s16le"], ".mkv"),
        ("clip.mkv", ["-c:v", "libx264", "-c:a", "aac"], ".mp4"),
        ("clip.webm", ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"], ".mkv"),
        ("clip.avi", ["-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3"], ".mp4"),
        ("clip.mpg", ["-c:v", "mpeg2video", "-c:a", "mp2"], ".mkv"),
    ],
)
def test_every_kind_of_video_finds_a_container(name: str, coding: list[str], suffix: str, tmp_path: Path) -> None:
    clip = made(tmp_path / name, *picture(), *tone(), *coding)
    out = chaptered(clip)

    assert out.suffix == suffix
    assert packets(out, "video") == packets(clip, "video")
    assert [digest for _, digest in packets(out, "audio")] == [digest for _, digest in packets(clip, "audio")]
    assert [title for _, _, title in chapters(out)] == CAPTIONS
    assert [text for _, _, text in subtitles(out)][:2] == CAPTIONS[:2]
    assert probe_video(out).duration_s == pytest.approx(probe_video(clip).duration_s, abs=0.1)


def test_sound_that_starts_late_stays_late(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(3), "-itsoffset", "1.5", *tone(1), "-c:v", "libx264", "-c:a", "aac")
    out = chaptered(clip)
    assert first_sound_s(clip) == pytest.approx(1.5, abs=0.05)
    assert first_sound_s(out) == pytest.approx(first_sound_s(clip), abs=0.001)
    assert [digest for _, digest in packets(out, "audio")] == [digest for _, digest in packets(clip, "audio")]


def test_a_turned_video_stays_turned_and_a_silent_one_silent(tmp_path: Path) -> None:
    upright = silent(tmp_path / "clip.mp4")
    turned = made(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    facts = probe_video(chaptered(turned))

    assert (facts.width, facts.height, facts.has_audio) == (240, 320, False)


def test_the_title_is_kept_and_what_the_camera_noted_is_not(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(), "-metadata", "location=+52.1+5.1/", "-metadata", "comment=mine")
    with av.open(str(chaptered(clip, title="a=b; #1 \\ größer\n[CHAPTER]"))) as container:
        assert container.metadata["title"] == "a=b; #1 \\ größer [CHAPTER]"
        assert not {"location", "comment"} & set(container.metadata)


def test_more_chapters_than_old_players_count_are_all_there(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4", 12)
    found = chapters(chaptered(clip, *(f"mood {number}" for number in range(300))))
    assert [title for _, _, title in found] == [f"Mood {number} 83 %" for number in range(300)]


def test_a_trimmed_video_is_copied_only_where_its_times_stay_right(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole.mov", *picture(4), *tone(4), "-c:v", "libx264", "-g", "250", "-c:a", "pcm_s16le")
    cut = made(tmp_path / "cut.mov", "-ss", "2.5", "-i", str(whole), "-c", "copy")
    assert probe_video(cut).duration_s == pytest.approx(1.5, abs=0.1)

    with pytest.raises(InputError) as refused:
        chaptered(cut)
    assert refused.value.code is Code.NOT_COPYABLE
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_timeline_has_no_chapters(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4")
    out = add_chapters(clip, replace(timeline(clip, "happy"), segments=()), "", tmp_path)
    assert chapters(out) == subtitles(out) == []
