"""What a recording says of itself, place and time above all, stays out of what is made of it."""

from pathlib import Path

import av
import pytest

from inference.media.chapter_writer import add_chapters
from inference.media.probe import probe_video
from inference.media.render import render
from inference.types import Evidence, Mode, Segment, Timeline
from tests.inference.clips import made, picture, tone

pytestmark = pytest.mark.slow

MARK, PLACE, DAY = "Telltale", "+48.1111+011.5555/", "2001-02-03"
# As camcorders write it: user data in the coded picture.
IN_THE_PICTURE = ("-bsf:v", f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{MARK}")
OURS = {"VideoHandler", "SoundHandler", "SubtitleHandler", "und", "eng"}
KINDS = {
    "a.mp4": ("-c:v", "libx264", "-movflags", "+use_metadata_tags"),
    "a.mov": ("-c:v", "libx264"),
    "a.mkv": ("-c:v", "libx264"),
    "a.avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "a.webm": ("-c:v", "libvpx", "-c:a", "libopus"),
}


def telling(path: Path, *options: str) -> Path:
    """A video of two seconds that tells where, when, by whom and with what it was made, wherever its kind lets it."""
    names = ("title", "comment", "artist", "album", "copyright", "make", "model", "description")
    everywhere = [f"creation_time={DAY}T04:05:06Z", f"location={PLACE}", *(f"{name}={MARK} {name}" for name in names)]
    of_track = [f"creation_time={DAY}T04:05:06Z", "timecode=01:02:03:04", "language=deu"]
    of_track += [f"{name}={MARK} {name}" for name in ("title", "handler_name", "comment")]
    tags = [argument for tag in everywhere for argument in ("-metadata", tag)]
    tags += [argument for tag in of_track for kind in "va" for argument in (f"-metadata:s:{kind}", tag)]
    chapters = path.with_name("chapters.txt")
    chapters.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle={MARK} chapter\n")
    inputs = [*picture(), *tone(), "-i", str(chapters), "-map", "0:v", "-map", "1:a", "-map_chapters", "2"]
    return made(path, *inputs, *tags, *options)


def timeline(video: Path) -> Timeline:
    info = probe_video(video)
    segment = Segment(0.0, info.duration_s, "happy", 0.83, {}, Evidence(1.0, 1.0, 0.0))
    return Timeline(Mode.AUDIO_VIDEO, info, (), ("happy",), (), (segment,), "")


def told(path: Path) -> list[str]:
    """What a file tells that may come from a recording."""
    content = path.read_bytes()
    found = [mark for mark in (MARK, PLACE[:8], DAY, "01:02:03:04") if mark.encode() in content]
    with av.open(str(path)) as container:
        tags = [*container.metadata.items(), *(tag for stream in container.streams for tag in stream.metadata.items())]
        found += [each["metadata"].get("title", "") for each in container.chapters()]
    brands = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
    return found + [f"{name}={value}" for name, value in tags if name.lower() not in brands and value not in OURS]


@pytest.mark.parametrize("name", KINDS)
def test_the_labelled_video_tells_nothing_that_the_original_told(name: str, tmp_path: Path) -> None:
    video = telling(tmp_path / name, *KINDS[name], *(IN_THE_PICTURE if "libx264" in KINDS[name] else ()))
    assert MARK in told(video)
    render(video, timeline(video), tmp_path / "labelled.mp4")
    assert told(tmp_path / "labelled.mp4") == []


@pytest.mark.parametrize("name", KINDS)
def test_the_video_with_chapters_has_none_of_the_original_s_tags(name: str, tmp_path: Path) -> None:
    video = telling(tmp_path / name, *KINDS[name])
    chaptered = add_chapters(video, timeline(video), "Visit 1", tmp_path)
    assert told(chaptered) == ["Happy 83 %", "title=Visit 1"]
