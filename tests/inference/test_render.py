from pathlib import Path

import av
import numpy as np
import pytest

from inference.media import ffmpeg
from inference.media.decode import decode_audio, frames_at
from inference.media.probe import probe_video
from inference.media.render import render
from inference.types import UNDETERMINED, Evidence, Mode, Segment, Timeline
from inference.wording import caption
from tests.inference.clips import first_sound_s, frame_times, made, picture, shades, silent, sized, talk, tone

pytestmark = pytest.mark.slow

EVIDENCE = Evidence(1.0, 1.0, 0.0)


def timeline(video: Path, *labels: str) -> Timeline:
    """The labels one after another, each for an equal part of the video."""
    media = probe_video(video)
    step = media.duration_s / len(labels)
    cut = [Segment(n * step, (n + 1) * step, label, 0.83, {}, EVIDENCE) for n, label in enumerate(labels)]
    return Timeline(Mode.AUDIO_VIDEO, media, (), ("happy", "sad"), (), tuple(cut), "")


def labelled(video: Path, *labels: str, voice: Path | None = None) -> Path:
    out = video.with_name("out.mp4")
    render(video, timeline(video, *(labels or ("happy",))), out, sound=voice)
    return out


def change(video: Path, out: Path, at: float) -> np.ndarray:
    """How far each pixel is from the original's, (H, W), 0..255."""
    (before,), (after,) = (list(frames_at(path, [at], 10_000)) for path in (video, out))
    height, width = before.shape[:2]
    return np.abs(after[:height, :width].astype(int) - before).mean(axis=2)


def ink(video: Path, out: Path, at: float) -> np.ndarray:
    """Where the label's white letters are, (H, W) bool."""
    (after,) = frames_at(out, [at], 10_000)
    return (after.min(axis=2) > 200) & (change(video, out, at)[: after.shape[0], : after.shape[1]] > 40)


def grey(path: Path, size: str, seconds: float = 1) -> Path:
    return made(path, "-f", "lavfi", "-i", f"color=gray:s={size}:r=10:d={seconds}")


@pytest.mark.parametrize("size", ["426x240", "240x426", "640x480", "1920x1080", "3840x2160"])
def test_the_label_is_readable_in_the_upper_left_corner(size: str, tmp_path: Path) -> None:
    clip = grey(tmp_path / "clip.mp4", size, 0.2)
    marks = ink(clip, labelled(clip), 0.1)
    rows, columns = np.flatnonzero(marks.any(axis=1)), np.flatnonzero(marks.any(axis=0))
    height, width = marks.shape
    assert rows[0] < 0.12 * height
    assert columns[0] < 0.08 * width
    assert rows[-1] < 0.2 * max(height, width)
    assert 8 <= rows[-1] - rows[0] + 1 <= 0.1 * min(height, width)  # the letters' height in pixels
    assert columns[-1] - columns[0] < 0.9 * width


def test_what_lies_outside_the_label_hardly_changes(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4")
    difference = change(clip, labelled(clip), 1.0)
    assert difference[:40, :100].max() > 60
    assert difference[60:].mean() < 3


def test_each_segment_shows_its_own_label(tmp_path: Path) -> None:
    clip = grey(tmp_path / "clip.mp4", "640x480", 3)
    out = labelled(clip, "happy", "sad", UNDETERMINED)
    happy, sad, undetermined = (ink(clip, out, at) for at in (0.5, 1.5, 2.5))
    assert 0 < sad.sum() < happy.sum() < undetermined.sum()
    assert (ink(clip, out, 0.9) == happy).mean() > 0.999
    assert (ink(clip, out, 1.1) == sad).mean() > 0.999


def test_a_caption_says_label_and_confidence() -> None:
    assert caption(Segment(0, 1, "happy", 0.834, {}, EVIDENCE)) == "Happy 83 %"
    assert caption(Segment(0, 1, UNDETERMINED, 0.0, {}, EVIDENCE)) == "Undetermined"


def test_the_label_needs_no_font_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = grey(tmp_path / "clip.mp4", "640x480")
    usual = ink(clip, labelled(clip), 0.5)
    bare = tmp_path / "fonts.conf"
    bare.write_text('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(bare))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (ink(clip, labelled(clip), 0.5) == usual).all()


def test_it_is_an_mp4_that_browsers_play_from_the_start(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.webm", *picture(1), *tone(1), "-deadline", "realtime", "-pix_fmt", "yuv444p")
    out = labelled(clip)
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.audio[0].codec_context.name == "aac"
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi", "mpg", "ts"])
def test_length_and_sound_are_kept(kind: str, tmp_path: Path) -> None:
    clip = talk(tmp_path / f"clip.{kind}", 3)
    before, after = probe_video(clip), probe_video(labelled(clip))
    assert after.duration_s == pytest.approx(before.duration_s, abs=1 / before.fps)
    assert after.fps == pytest.approx(before.fps, rel=0.02)
    assert after.has_audio


def test_aac_is_not_coded_again(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4")
    out = labelled(clip)
    one, other = (np.concatenate(list(decode_audio(path, 22050))) for path in (clip, out))
    np.testing.assert_array_equal(one, other)


def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    clip = shades(tmp_path / "clip.mp4", [0, 0.1, 0.15, 0.9, 1.7, 1.72, 3.0], last_s=0.5)
    out = labelled(clip)
    assert frame_times(out) == pytest.approx(frame_times(clip))
    length = probe_video(clip).duration_s
    assert probe_video(out).duration_s == pytest.approx(length, abs=0.01)
    with av.open(str(out)) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(length, abs=0.01)  # what a player shows


def test_sound_that_starts_late_keeps_its_place(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mkv", *picture(3), "-itsoffset", "1.2", *tone(1))
    out = labelled(clip)
    assert first_sound_s(out) == pytest.approx(first_sound_s(clip), abs=0.03)
    assert first_sound_s(out) > 1


def test_a_picture_that_starts_late_keeps_its_place(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *tone(3), "-itsoffset", "1.2", *picture(1))
    out = labelled(clip)
    assert frame_times(out) == pytest.approx(frame_times(clip))
    assert first_sound_s(out) == pytest.approx(first_sound_s(clip), abs=0.03)


def test_a_sound_file_joins_a_silent_video_and_does_not_lengthen_it(tmp_path: Path) -> None:
    clip, voice = silent(tmp_path / "clip.mp4"), made(tmp_path / "voice.wav", *tone(2.4))
    media = probe_video(labelled(clip, voice=voice))
    assert media.has_audio
    assert media.duration_s == pytest.approx(2.0, abs=0.04)


def test_a_sound_file_does_not_replace_the_videos_own_sound(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4")
    voice = made(tmp_path / "voice.wav", "-f", "lavfi", "-i", "anullsrc=d=2")
    assert np.concatenate(list(decode_audio(labelled(clip, voice=voice), 22050))).std() > 0.05


def test_a_silent_video_stays_silent(tmp_path: Path) -> None:
    assert not probe_video(labelled(silent(tmp_path / "clip.mp4"))).has_audio


def test_odd_sides_become_even(tmp_path: Path) -> None:
    media = probe_video(labelled(sized(tmp_path / "clip.mkv", "321x241")))
    assert (media.width, media.height) == (322, 242)


def test_a_turned_video_is_labelled_upright(tmp_path: Path) -> None:
    grey(tmp_path / "flat.mp4", "640x360")
    clip = made(tmp_path / "clip.mp4", "-display_rotation", "90", "-i", str(tmp_path / "flat.mp4"), "-c", "copy")
    out = labelled(clip)
    marks = ink(clip, out, 0.5)
    assert marks.shape == (640, 360)
    assert np.flatnonzero(marks.any(axis=1))[-1] < 100


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    clip, heard = talk(tmp_path / "clip.mp4"), list[float]()
    render(clip, timeline(clip, "happy"), tmp_path / "out.mp4", on_progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0, abs=0.05)


class StoppedError(Exception):
    pass


def test_a_stop_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        raise StoppedError

    clip = silent(tmp_path / "clip.mp4")
    with pytest.raises(StoppedError):
        render(clip, timeline(clip, "happy"), tmp_path / "out.mp4", on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_failure_leaves_the_former_video_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, out = silent(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    out.write_bytes(b"former")
    monkeypatch.setattr(ffmpeg, "MEMORY_BYTES", 2**26)
    with pytest.raises(ffmpeg.FfmpegError):
        render(clip, timeline(clip, "happy"), out)
    assert out.read_bytes() == b"former"
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "out.mp4"}
