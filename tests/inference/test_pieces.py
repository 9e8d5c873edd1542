"""A labelled video that is joined of pieces is the one that is rendered as a whole."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from inference.media.decode import decode_audio, frames_at
from inference.media.pieces import IndivisibleError, find_pieces, join_pieces, render_piece
from inference.media.probe import probe_video
from inference.media.render import render
from inference.types import Evidence, Mode, Segment, Timeline
from tests.inference.clips import growing, made, picture, tone

pytestmark = pytest.mark.slow

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2"]


def timeline(video: Path) -> Timeline:
    """A label for each second, and one for the rest."""
    media = probe_video(video)
    edges = [*range(int(media.duration_s)), media.duration_s]
    cut = [
        Segment(start, end, "happy" if number % 2 else "sad", 0.5 + 0.03 * number, {}, Evidence(1.0, 1.0, 0.0))
        for number, (start, end) in enumerate(pairwise(edges))
    ]
    return Timeline(Mode.AUDIO_VIDEO, media, (), ("happy", "sad"), (), tuple(cut), "")


def in_pieces(clip: Path, count: int, sound: Path | None = None) -> Path:
    files = [clip.with_name(f"piece-{number}.mp4") for number in range(count)]
    for number, file in enumerate(files):
        render_piece(clip, timeline(clip), file, number=number, count=count)
    joined = clip.with_name("joined.mp4")
    join_pieces(clip, timeline(clip), files, joined, sound=sound)
    return joined


def packets(path: Path, kind: str) -> list[tuple[Any, ...]]:
    """Decoding time, time shown and length of each packet of a track, as fractions of a second."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [
            (packet.dts * packet.time_base, packet.pts * packet.time_base, (packet.duration or 0) * packet.time_base)
            for packet in container.demux(stream)
            if packet.size
        ]


def assert_same(joined: Path, whole: Path) -> None:
    one, other = packets(joined, "video"), packets(whole, "video")
    assert one == other
    assert all(later[0] > packet[0] for packet, later in pairwise(one))
    facts, expected = probe_video(joined), probe_video(whole)
    assert (facts.duration_s, facts.fps, facts.has_audio) == (expected.duration_s, expected.fps, expected.has_audio)
    times = [float(pts) + 0.001 for _, pts, _ in other]
    for after, before in zip(frames_at(joined, times, 640), frames_at(whole, times, 640), strict=True):
        assert np.abs(after.astype(int) - before).mean() < 3  # a label or a frame in the wrong place is more
    if expected.has_audio:
        assert packets(joined, "audio") == packets(whole, "audio")
        one_sound, other_sound = (np.concatenate(list(decode_audio(path, 22050))) for path in (joined, whole))
        np.testing.assert_array_equal(one_sound, other_sound)


CLIPS = {
    "closed.mp4": [*picture(10), *tone(10), *X264],
    "copied-sound.mp4": [*picture(10), *tone(10), *X264, "-c:a", "aac"],
    "open.ts": [*picture(10), *tone(10), "-c:v", "libx264", "-x264-params", "open-gop=1:keyint=25:bframes=3"],
    "late.mkv": [*tone(10), "-itsoffset", "1.23", *picture(8), *X264, "-map", "1:v", "-map", "0:a"],
    "late-sound.mp4": [*picture(10), "-itsoffset", "1.2", *tone(8), *X264],
    "shifted.mp4": [*picture(10), *tone(10), *X264, "-output_ts_offset", "2.5"],
    "ntsc.mp4": [*picture(10, rate="30000/1001"), *X264],
    "browser.webm": [*picture(6), *tone(6), "-deadline", "realtime", "-cpu-used", "8", "-g", "30"],
    "old.mpg": [*picture(10), *tone(10), "-c:v", "mpeg2video", "-g", "12", "-bf", "2"],
}


@pytest.mark.parametrize("name", CLIPS)
def test_joined_pieces_are_the_whole(tmp_path: Path, name: str) -> None:
    clip = made(tmp_path / name, *CLIPS[name])
    whole = tmp_path / "whole.mp4"
    render(clip, timeline(clip), whole)
    assert_same(in_pieces(clip, 3), whole)


def test_frames_of_a_variable_rate_keep_their_times(tmp_path: Path) -> None:
    uneven = "select=not(mod(n\\,7))+gt(mod(n\\,11)\\,5),setpts=PTS+0.013*random(1)/TB"
    clip = made(tmp_path / "clip.mkv", *picture(10), *tone(10), "-vf", uneven, "-fps_mode", "vfr", *X264)
    whole = tmp_path / "whole.mp4"
    render(clip, timeline(clip), whole)
    assert len({later[0] - one[0] for one, later in pairwise(packets(whole, "video"))}) > 5
    assert_same(in_pieces(clip, 4), whole)


def test_a_voice_of_its_own_is_joined_as_it_is_rendered(tmp_path: Path) -> None:
    clip, voice = made(tmp_path / "clip.mp4", *picture(6), *X264), made(tmp_path / "voice.wav", *tone(8))
    whole = tmp_path / "whole.mp4"
    render(clip, timeline(clip), whole, sound=voice)
    assert_same(in_pieces(clip, 2, voice), whole)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("few-keyframes.mp4", [*picture(4), "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000"]),
        ("no-times.avi", [*picture(4), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2"]),
    ],
)
def test_what_cannot_be_divided_is_told(tmp_path: Path, name: str, arguments: list[str]) -> None:
    clip = made(tmp_path / name, *arguments)
    with pytest.raises(IndivisibleError):
        render_piece(clip, timeline(clip), tmp_path / "piece.mp4", number=0, count=3)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_piece_without_some_of_its_frames_is_none(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(4), *X264)
    pieces = find_pieces(clip, 2)
    assert [piece.frames for piece in pieces] == [50, 50]
    # Frames that no decoder can read.
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        places = [packet.pos or 0 for packet in container.demux(video=0) if packet.size]
    data[places[60] + 5 : places[70]] = bytes(places[70] - places[60] - 5)
    clip.write_bytes(data)
    render_piece(clip, timeline(clip), tmp_path / "first.mp4", number=0, count=2)
    with pytest.raises(IndivisibleError):
        render_piece(clip, timeline(clip), tmp_path / "second.mp4", number=1, count=2)


def test_a_video_whose_size_changes_within_a_piece_has_no_pieces(tmp_path: Path) -> None:
    clip = growing(tmp_path / "clip.mp4", "320x240", "640x480", "320x240", "640x480")
    with pytest.raises(IndivisibleError):
        render_piece(clip, timeline(clip), tmp_path / "piece.mp4", number=0, count=2)


def test_pieces_of_different_sizes_are_not_joined(tmp_path: Path) -> None:
    clips = [made(tmp_path / f"{size}.mp4", *picture(4, size), *X264) for size in ("320x240", "640x480")]
    files = [clip.with_name(f"piece-{number}.mp4") for number, clip in enumerate(clips)]
    for number, (clip, file) in enumerate(zip(clips, files, strict=True)):
        render_piece(clip, timeline(clip), file, number=number, count=2)
    with pytest.raises(IndivisibleError, match="different"):
        join_pieces(clips[0], timeline(clips[0]), files, tmp_path / "joined.mp4")


def test_a_piece_twice_is_not_joined(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(5), *X264)
    render_piece(clip, timeline(clip), tmp_path / "first.mp4", number=0, count=2)
    with pytest.raises(IndivisibleError, match="frames"):
        join_pieces(clip, timeline(clip), [tmp_path / "first.mp4"] * 2, tmp_path / "joined.mp4")


def test_progress_of_a_piece_rises(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(40, "1280x720"), "-c:v", "libx264", "-preset", "ultrafast")
    heard = list[float]()
    render_piece(clip, timeline(clip), tmp_path / "piece.mp4", number=1, count=2, on_progress=heard.append)
    assert heard == sorted(heard)
    assert heard[0] < 0.1 and 0.5 < heard[-1] <= 1  # ffmpeg counts from its first report on
