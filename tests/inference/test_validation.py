import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from inference.errors import Code, InputError
from inference.types import EegInput, Inputs, Limits
from inference.validation import check_inputs
from tests.inference.clips import made, picture, silent, talk, tone


def refusal(inputs: Inputs | Path, **limits: float) -> Code:
    """The code of the error for these inputs, whose message is a sentence for a person."""
    with pytest.raises(InputError) as refused:
        check_inputs(inputs if isinstance(inputs, Inputs) else Inputs(inputs), Limits(**limits))  # type: ignore[arg-type]
    assert refused.value.message.endswith(".")
    assert "Traceback" not in refused.value.message
    return refused.value.code


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def wav(path: Path, seconds: float) -> Path:
    return made(path, *tone(seconds))


def test_a_video_with_sound_of_its_length_passes(tmp_path: Path) -> None:
    media = check_inputs(Inputs(silent(tmp_path / "clip.mp4"), audio=wav(tmp_path / "voice.wav", 2.4)), Limits())
    assert media.duration_s == pytest.approx(2.0)
    assert not media.has_audio


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.mp4") is Code.MISSING_FILE


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "clip.mp4", b"")) is Code.EMPTY_FILE


@pytest.mark.parametrize(
    "data",
    [b"Dear diary, today I felt fine.\n" * 200, bytes(100_000), b"%PDF-1.7\n" + b"x" * 5000, b"a"],
    ids=["text", "zeros", "pdf", "one byte"],
)
def test_what_is_no_video_is_refused(data: bytes, tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "clip.mp4", data)) is Code.NOT_A_VIDEO


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_refused(seed: int, tmp_path: Path) -> None:
    noise = np.random.default_rng(seed).bytes(200_000)
    assert refusal(written(tmp_path / "clip.mp4", noise)) is Code.NOT_A_VIDEO


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.gif", "still.avif"])
def test_an_image_is_no_video(name: str, tmp_path: Path) -> None:
    options = ["-c:v", "libaom-av1", "-cpu-used", "8"] if name.endswith("avif") else []
    assert refusal(made(tmp_path / name, *picture(1, "64x64"), "-frames:v", "1", *options)) is Code.NOT_A_VIDEO


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile {clip}\n"),
        ("words.srt", "1\n00:00:00,000 --> 00:00:01,000\nHello\n\n"),
    ],
    ids=["playlist", "playlist under a video's name", "concatenation", "subtitles"],
)
def test_a_file_that_names_others_is_refused(name: str, text: str, tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.ts", 1)
    assert refusal(written(tmp_path / name, text.format(clip=clip).encode())) is Code.NOT_A_VIDEO


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        *[("+faststart", kept) for kept in (0.3, 0.9, 0.995)],  # the index comes first
        *[("0", kept) for kept in (0.3, 0.9, 0.995)],  # the index comes last
        *[("+frag_keyframe+empty_moov", kept) for kept in (0.3, 0.9)],
    ],
)
def test_truncated_mp4_is_refused(flags: str, kept: float, tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(3), *tone(3), "-g", "10", "-movflags", flags)
    check_inputs(Inputs(clip), Limits())
    data = clip.read_bytes()
    assert refusal(written(clip, data[: int(len(data) * kept)])) is Code.TRUNCATED_VIDEO


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mkv", "avi", "webm"])
def test_a_video_much_shorter_than_its_header_says_is_refused(kind: str, tmp_path: Path) -> None:
    options = ["-deadline", "realtime"] if kind == "webm" else []
    data = made(tmp_path / f"clip.{kind}", *picture(3), *tone(3), *options).read_bytes()
    assert refusal(written(tmp_path / f"cut.{kind}", data[: len(data) // 2])) is Code.TRUNCATED_VIDEO


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["m4a", "mp4", "mp3", "wav", "flac", "ogg"])
def test_sound_alone_has_no_picture(kind: str, tmp_path: Path) -> None:
    assert refusal(made(tmp_path / f"sound.{kind}", *tone())) is Code.NO_PICTURE


@pytest.mark.parametrize("kind", ["m4a", "mp3"])
def test_cover_art_is_no_picture_track(kind: str, tmp_path: Path) -> None:
    art = made(tmp_path / "art.png", *picture(1, "64x64"), "-frames:v", "1")
    song = made(
        tmp_path / f"song.{kind}",
        *(*tone(), "-i", str(art), "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-disposition:v", "attached_pic"),
    )
    assert refusal(song) is Code.NO_PICTURE


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_video_without_a_frame_has_no_length(kind: str, tmp_path: Path) -> None:
    assert refusal(made(tmp_path / f"clip.{kind}", *picture(1), "-frames:v", "0")) is Code.ZERO_LENGTH


def test_a_video_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4")
    with pytest.raises(InputError, match=r"lasts 0:02\.0, longer than the limit of 0:01\.9") as refused:
        check_inputs(Inputs(clip), Limits(max_seconds=1.9))
    assert refused.value.code is Code.TOO_LONG
    assert check_inputs(Inputs(clip), Limits(max_seconds=2.0)).duration_s == pytest.approx(2.0)


def test_a_video_of_more_pixels_than_the_limit_is_refused(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4")
    pixels = 2 * 25 * 320 * 240
    assert refusal(clip, max_pixels=pixels - 1) is Code.TOO_MANY_PIXELS
    assert check_inputs(Inputs(clip), Limits(max_pixels=pixels)).pixels == pytest.approx(pixels)


def test_any_file_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    clip, voice = silent(tmp_path / "clip.mp4"), wav(tmp_path / "voice.wav", 2)
    assert refusal(clip, max_bytes=clip.stat().st_size - 1) is Code.TOO_LARGE
    assert voice.stat().st_size > clip.stat().st_size
    assert refusal(Inputs(clip, audio=voice), max_bytes=clip.stat().st_size) is Code.TOO_LARGE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "code"), [(b"RIFF....WAVE but no more", Code.AUDIO_SIZE), (b"words " * 1000, Code.NOT_AUDIO)]
)
def test_a_sound_file_that_is_not_sound_is_refused(data: bytes, code: Code, tmp_path: Path) -> None:
    voice = written(tmp_path / "voice.wav", data)
    assert refusal(Inputs(silent(tmp_path / "clip.mp4"), audio=voice)) is code


def test_a_picture_is_no_sound(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4")
    assert refusal(Inputs(clip, audio=clip)) is Code.NOT_AUDIO


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.4, 2.6])
def test_sound_of_another_length_is_refused(seconds: float, tmp_path: Path) -> None:
    voice = wav(tmp_path / "voice.wav", seconds)
    assert refusal(Inputs(silent(tmp_path / "clip.mp4"), audio=voice)) is Code.AUDIO_LENGTH


def eeg(path: Path, seconds: float) -> EegInput:
    savemat(path, {"data": np.random.default_rng(0).standard_normal((30, round(250 * seconds)))})
    return EegInput(path, sfreq=250.0)


@pytest.mark.slow
def test_eeg_may_end_before_the_video_and_not_after_it(tmp_path: Path) -> None:
    clip = silent(tmp_path / "clip.mp4", 21)
    check_inputs(Inputs(clip, eeg=eeg(tmp_path / "short.mat", 20)), Limits())
    assert refusal(Inputs(clip, eeg=eeg(tmp_path / "long.mat", 22))) is Code.EEG_LENGTH


def test_eeg_is_checked_too(tmp_path: Path) -> None:
    broken = EegInput(written(tmp_path / "eeg.mat", b"no MATLAB"))
    assert refusal(Inputs(silent(tmp_path / "clip.mp4"), eeg=broken)) is Code.NOT_MAT


@pytest.mark.slow
def test_checking_needs_no_torch() -> None:
    code = "import sys, inference.validation; sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60)
