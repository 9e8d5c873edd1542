import hashlib
from pathlib import Path

import pytest

from inference.errors import Code, InputError
from inference.media.container import MAX_SIDE
from inference.media.probe import probe_audio, probe_video
from tests.inference.clips import made, picture, shades, silent, talk, tone


def test_a_video_is_measured(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4")
    media = probe_video(clip)
    assert media.duration_s == pytest.approx(2.0)
    assert (media.width, media.height, media.has_video, media.has_audio) == (320, 240, True, True)
    assert media.fps == pytest.approx(25)
    assert media.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "avi", "mpg", "ts", "webm"])
def test_every_common_container_is_read(kind: str, tmp_path: Path) -> None:
    options = ["-deadline", "realtime"] if kind == "webm" else []
    media = probe_video(made(tmp_path / f"clip.{kind}", *picture(), *tone(), *options))
    assert media.duration_s == pytest.approx(2.0, abs=0.1)
    assert (media.width, media.height, media.has_audio) == (320, 240, True)
    assert media.fps == pytest.approx(25, abs=1)


def test_a_video_without_sound_is_read(tmp_path: Path) -> None:
    assert not probe_video(silent(tmp_path / "clip.mp4")).has_audio


def test_a_sound_track_without_a_packet_is_no_sound(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mkv", *picture(1), *tone(1), "-bsf:a", "noise=drop=1")
    assert not probe_video(clip).has_audio


def test_sound_that_outlasts_the_picture_counts(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(1), "-itsoffset", "1.5", *tone(1))
    assert probe_video(clip).duration_s == pytest.approx(2.5, abs=0.03)


def test_sizes_are_those_shown_after_rotation(tmp_path: Path) -> None:
    talk(tmp_path / "clip.mp4")
    turned = made(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(tmp_path / "clip.mp4"), "-c", "copy")
    media = probe_video(turned)
    assert (media.width, media.height) == (240, 320)


def test_sizes_are_those_shown_with_oblong_pixels(tmp_path: Path) -> None:
    media = probe_video(made(tmp_path / "clip.mp4", *picture(1, "180x144"), "-vf", "setsar=16/9"))
    assert (media.width, media.height) == (320, 144)


@pytest.mark.slow
def test_a_trimmed_video_counts_from_its_cut(tmp_path: Path) -> None:
    # Trimmed as phones do: the frames before the cut stay in the file and are marked as not shown.
    clip = talk(tmp_path / "clip.mp4", 4)
    media = probe_video(made(tmp_path / "cut.mp4", "-ss", "1.5", "-i", str(clip), "-c", "copy"))
    assert media.duration_s == pytest.approx(2.5, abs=0.05)
    assert media.fps == pytest.approx(25)


def test_what_a_trim_cut_off_the_end_does_not_count(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4", 3)
    data = bytearray(clip.read_bytes())
    shown = data.index(b"elst") + 12  # an edit list: version and flags, count, then the first entry's length in ms
    assert int.from_bytes(data[shown : shown + 4]) == 3000
    data[shown : shown + 4] = (1000).to_bytes(4)
    clip.write_bytes(data)
    media = probe_video(clip)
    assert media.duration_s == pytest.approx(1.0, abs=0.1)
    assert media.fps == pytest.approx(25)


def test_a_variable_frame_rate_gives_its_mean(tmp_path: Path) -> None:
    media = probe_video(shades(tmp_path / "clip.mp4", [0, 0.1, 0.2, 1.0, 1.9], last_s=0.1))
    assert media.duration_s == pytest.approx(2.0)
    assert media.fps == pytest.approx(2.5)


def test_subtitles_that_outlast_the_picture_do_not_make_it_look_cut(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:09,000\nLate\n")
    clip = made(tmp_path / "clip.mkv", *picture(1), "-i", str(tmp_path / "words.srt"))
    assert probe_video(clip).duration_s == pytest.approx(1.0)


def test_a_picture_too_large_to_decode_is_refused(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mkv", *picture(0.04, f"{MAX_SIDE + 2}x16"), "-c:v", "ffv1")
    with pytest.raises(InputError) as refused:
        probe_video(clip)
    assert refused.value.code is Code.TOO_LARGE


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a", "ogg"])
def test_a_sound_file_is_measured(kind: str, tmp_path: Path) -> None:
    assert probe_audio(made(tmp_path / f"sound.{kind}", *tone(2))) == pytest.approx(2.0, abs=0.05)
