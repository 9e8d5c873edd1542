"""A hardware encoder is used where it works, and costs nobody a video where it does not."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inference.media import encoders
from inference.media.encoder_names import ENCODERS
from inference.media.encoders import Encoder, choose_encoder, x264
from inference.media.ffmpeg import run_ffmpeg
from inference.media.pieces import IndivisibleError, join_pieces, render_piece
from inference.media.probe import probe_video
from inference.media.render import render
from inference.types import Evidence, Mode, Segment, Timeline
from tests.inference.clips import made, picture, silent

STAND_IN = Encoder(("-c:v", "libopenh264", "-pix_fmt", "yuv420p"))  # it works, and leaves out what x264 writes
NAMED = "x264 - core"  # in the first frame of what x264 encodes


@pytest.fixture(autouse=True)
def _tried_anew() -> Iterator[None]:
    choose_encoder.cache_clear()
    yield
    choose_encoder.cache_clear()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of each run of ffmpeg by the probe, which still happens."""
    seen = list[list[str]]()

    def record(arguments: list[str], *args: Any, **options: Any) -> None:
        seen.append(arguments)
        run_ffmpeg(arguments, *args, **options)

    monkeypatch.setattr(encoders, "run_ffmpeg", record)
    return seen


def timeline(video: Path) -> Timeline:
    media = probe_video(video)
    segment = Segment(0, media.duration_s, "happy", 0.83, {}, Evidence(1.0, 1.0, 0.0))
    return Timeline(Mode.AUDIO_VIDEO, media, (), ("happy",), (), (segment,), "")


def is_by_x264(path: Path) -> bool:
    return NAMED.encode() in path.read_bytes()


def test_x264_is_not_tried(runs: list[list[str]]) -> None:
    assert choose_encoder("x264", "fast") == x264("fast")
    assert x264("fast").options[2:4] == ("-preset", "fast")
    assert not runs


@pytest.mark.parametrize("name", ["nvenc", "qsv", "vaapi"])
def test_hardware_that_is_not_there_is_tried_once(
    name: str, runs: list[list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    if encoders._HARDWARE[name].device_files():
        pytest.skip("this machine may have it")
    assert choose_encoder(name, "fast") == choose_encoder(name, "fast") == x264("fast")
    ((*arguments,),) = runs
    assert f"h264_{name}" in arguments
    (line,) = caplog.messages
    assert line.startswith(f"x264 encodes labelled videos: {name} fails here: ")


def test_what_encodes_a_few_frames_is_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoders, "_HARDWARE", {"nvenc": STAND_IN})
    caplog.set_level(logging.INFO)
    chosen = choose_encoder("nvenc", "fast")
    assert chosen == replace(STAND_IN, fallback=x264("fast"))
    assert caplog.messages == ["nvenc encodes labelled videos"]
    clip, out = silent(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    render(clip, timeline(clip), out, encoder=chosen)
    assert not is_by_x264(out)
    render(clip, timeline(clip), out)
    assert is_by_x264(out)


@pytest.mark.parametrize("options", [("-c:v", "h264_nvenc"), ("-c:v", "libopenh264", "-level", "no such")])
def test_a_video_that_hardware_fails_at_is_encoded_without(
    options: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip, out = silent(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    render(clip, timeline(clip), out, encoder=Encoder(options, fallback=x264("ultrafast")))
    assert is_by_x264(out)
    assert probe_video(out).duration_s == pytest.approx(probe_video(clip).duration_s, abs=0.05)
    (line,) = caplog.messages
    assert "without hardware" in line


@pytest.mark.slow
def test_pieces_of_two_encoders_are_not_joined(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(4), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
    files = [tmp_path / f"piece-{number}.mp4" for number in range(2)]
    for number, encoder in enumerate((STAND_IN, x264())):
        render_piece(clip, timeline(clip), files[number], number=number, count=2, encoder=encoder)
    with pytest.raises(IndivisibleError, match="different kinds"):
        join_pieces(clip, timeline(clip), files, tmp_path / "joined.mp4")


def test_each_names_its_devices_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoders, "DEV", tmp_path)
    (tmp_path / "dri").mkdir()
    names = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia0", "nvidia1", "nvidia-modeset", "kvm", "nvme0"]
    for name in [*names, "dri/card0", "dri/renderD128", "dri/renderD129"]:
        (tmp_path / name).touch()
    found = {name: {str(path.relative_to(tmp_path)) for path in encoder.device_files()} for name, encoder in all_of()}
    assert found["x264"] == set()
    assert found["nvenc"] == set(names[:5])
    assert found["qsv"] == found["vaapi"] == {"dri/renderD128", "dri/renderD129"}


def test_frames_reach_hardware_after_the_label_is_drawn() -> None:
    for name, encoder in all_of():
        arguments = encoder.arguments("pad", "ass")
        filters = arguments[arguments.index("-vf") + 1]
        assert filters.startswith("pad,ass")
        assert arguments[arguments.index("-bf") + 1] == "0"
        assert (name == "vaapi") == filters.endswith("hwupload") == bool(encoder.setup)


def test_settings_offer_every_encoder() -> None:
    assert tuple(name for name, _ in all_of()) == ENCODERS


def all_of() -> list[tuple[str, Encoder]]:
    return [("x264", x264()), *encoders._HARDWARE.items()]
