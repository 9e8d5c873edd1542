"""Frames that nobody asks for and no other frame refers to are not decoded; the others are those of a full decode."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from inference.media import decode
from inference.media.container import start_s
from inference.media.decode import frames_at
from inference.media.needed_packets import needed_packets
from inference.sandbox import client
from tests.inference.clips import made, picture, tone

SECONDS, FPS = 4, 25
TIMES = (np.arange(0.12, SECONDS, 0.24)).tolist()
CLIPS = {
    "pyramid.mp4": ["-c:v", "libx264"],
    "open-gop.mp4": ["-c:v", "libx264", "-x264-params", "open-gop=1:keyint=12:b-pyramid=0"],
    "many.mkv": ["-c:v", "libx264", "-bf", "8", "-b_strategy", "0"],
    "broadcast.ts": ["-c:v", "libx264"],
    "no-b-frames.mp4": ["-c:v", "libx264", "-bf", "0"],
    "hevc.mp4": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3"],
    "mpeg4.mp4": ["-c:v", "mpeg4", "-bf", "2"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-bf", "2"],
    "mpeg2.mpg": ["-c:v", "mpeg2video", "-bf", "2"],
    "vp8.webm": ["-c:v", "libvpx", "-deadline", "realtime"],
    "photos.avi": ["-c:v", "mjpeg"],
    "varying.mp4": ["-c:v", "libx264", "-vf", "select='not(between(mod(n,25),3,9))'", "-fps_mode", "vfr"],
}


def clip(folder: Path, name: str, *options: str) -> Path:
    return made(folder / name, *picture(SECONDS, "160x120"), *tone(SECONDS), *(options or CLIPS[name]))


def shown_by_a_player(path: Path, times: list[float]) -> list[np.ndarray]:
    """The frames at `times` of a full decode."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        shown_s = np.array([frame.time for frame in frames]) - start_s(container)
    last = np.maximum(0, np.searchsorted(shown_s, times, side="right") - 1)
    return [frames[number].to_ndarray(format="bgr24") for number in last]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[av.VideoFrame]:
    """The frames that are decoded in this process."""
    frames: list[av.VideoFrame] = []
    decode_packet = decode._decode_packet

    def counted(*args: object) -> Iterator[av.VideoFrame]:
        for frame in decode_packet(*args):  # type: ignore[arg-type]
            frames.append(frame)
            yield frame

    monkeypatch.setattr(decode, "_decode_packet", counted)
    monkeypatch.setattr(client, "in_sandbox", True)
    return frames


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_the_frames_are_those_of_a_full_decode(name: str, tmp_path: Path) -> None:
    path = clip(tmp_path, name)
    for got, expected in zip(frames_at(path, TIMES, 640), shown_by_a_player(path, TIMES), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_first_frame_that_others_precede_in_the_file_is_shown_before_its_time(tmp_path: Path) -> None:
    late = made(tmp_path / "late.mkv", "-itsoffset", "1", "-i", str(clip(tmp_path, "pyramid.mp4")), "-c", "copy")
    times = [0.0, 0.5, 2.02]
    for got, expected in zip(frames_at(late, times, 640), shown_by_a_player(late, times), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pyramid.mp4", "many.mkv", "hevc.mp4", "mpeg4.mp4", "mpeg2.mpg"])
def test_frames_that_no_other_refers_to_are_left_out(name: str, decoded: list[av.VideoFrame], tmp_path: Path) -> None:
    assert len(list(frames_at(clip(tmp_path, name), TIMES, 640))) == len(TIMES)
    assert len(TIMES) < len(decoded) < 0.85 * SECONDS * FPS


def test_a_photograph_a_frame_is_decoded_where_it_is_needed_only(decoded: list[av.VideoFrame], tmp_path: Path) -> None:
    list(frames_at(clip(tmp_path, "photos.avi"), TIMES, 640))
    assert len(decoded) <= len(TIMES) + 1


@pytest.mark.parametrize("options", [["-bf", "0"], ["-flags", "+ildct+ilme"]], ids=["no B-frames", "interlaced"])
def test_every_frame_is_decoded_where_none_can_be_left_out(
    options: list[str], decoded: list[av.VideoFrame], tmp_path: Path
) -> None:
    list(frames_at(clip(tmp_path, "clip.mp4", "-c:v", "libx264", *options), [0.1, SECONDS - 0.02], 640))
    assert len(decoded) == SECONDS * FPS


def test_few_packets_wait_for_what_is_shown_after_them(tmp_path: Path) -> None:
    read = 0
    with av.open(str(clip(tmp_path, "many.mkv"))) as container:

        def counted() -> Iterator[av.Packet]:
            nonlocal read
            for packet in container.demux(video=0):
                read += 1
                yield packet

        waiting = [read - given for given, _ in enumerate(needed_packets(counted(), TIMES, start_s(container)))]
    assert max(waiting) < 20
