import gc
import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from inference.errors import Code, InputError
from inference.media import decode
from inference.media.decode import decode_audio, frames_at
from inference.media.probe import probe_video
from tests.inference.clips import TONE_HZ, frame_times, growing, made, picture, shade, shades, silent, sized, talk, tone

RATE = 22050


def shades_at(path: Path, times: list[float]) -> list[int]:
    """The number of the frame shown at each time."""
    known = np.array([shade(number) for number in range(18)])
    return [int(np.abs(known - frame.mean()).argmin()) for frame in frames_at(path, times, 640)]


def heard(path: Path, rate: int = RATE) -> np.ndarray:
    return np.concatenate(list(decode_audio(path, rate)))


def loud(samples: np.ndarray) -> np.ndarray:
    """Whether each tenth of a second is louder than silence."""
    tenth = RATE // 10
    whole = samples[: len(samples) // tenth * tenth].reshape(-1, tenth)
    return np.sqrt((whole**2).mean(axis=1)) > 0.01


@pytest.mark.slow
def test_frames_of_a_variable_rate_are_those_a_player_shows(tmp_path: Path) -> None:
    clip = shades(tmp_path / "clip.mp4", [0, 0.1, 0.15, 0.9, 1.7, 1.72, 3.0])
    times = [0.0, 0.09, 0.11, 0.16, 0.89, 0.91, 1.0, 1.69, 1.71, 2.9, 3.01]
    assert shades_at(clip, times) == [0, 0, 1, 2, 2, 3, 3, 3, 4, 5, 6]


@pytest.mark.slow
def test_one_frame_can_be_asked_for_many_times(tmp_path: Path) -> None:
    clip = shades(tmp_path / "clip.mp4", [0, 1.0, 2.0])
    assert shades_at(clip, [0.2, 0.2, 0.3, 1.5, 1.5]) == [0, 0, 0, 1, 1]


def test_there_is_a_frame_for_every_time_behind_the_end(tmp_path: Path) -> None:
    assert shades_at(shades(tmp_path / "clip.mp4", [0, 0.5]), [0.1, 0.6, 5.0, 60.0]) == [0, 1, 1, 1]


def test_a_picture_that_starts_late_shows_its_first_frame_before(tmp_path: Path) -> None:
    shades(tmp_path / "shades.mp4", [0, 0.5])
    clip = made(
        tmp_path / "clip.mp4",
        *tone(2),
        *("-itsoffset", "1", "-i", str(tmp_path / "shades.mp4")),
        *("-map", "1:v", "-map", "0:a", "-c:v", "copy"),
    )
    assert shades_at(clip, [0.0, 0.9, 1.1, 1.45, 1.55]) == [0, 0, 0, 0, 1]


def test_times_count_from_the_players_zero_where_the_containers_clock_does_not(tmp_path: Path) -> None:
    shades(tmp_path / "shades.mp4", [0, 0.4, 0.8, 1.2])
    clip = made(tmp_path / "clip.ts", "-i", str(tmp_path / "shades.mp4"), "-c", "copy")
    assert frame_times(clip)[0] > 1
    assert shades_at(clip, [0.2, 0.6, 1.0, 1.3]) == [0, 1, 2, 3]


def test_a_trimmed_video_is_read_from_its_cut(tmp_path: Path) -> None:
    clip = shades(tmp_path / "clip.mp4", [0, 0.4, 0.8, 1.2, 1.6])
    cut = made(tmp_path / "cut.mp4", "-ss", "0.5", "-i", str(clip), "-c", "copy")
    assert frame_times(cut) == pytest.approx([0, 0.4, 0.8])
    assert shades_at(cut, [0.2, 0.6, 1.0]) == [2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("mirror", [[], ["-display_hflip"], ["-display_vflip"]])
@pytest.mark.parametrize("degrees", ["0", "90", "180", "270"])
def test_frames_are_upright_as_ffmpeg_shows_them(degrees: str, mirror: list[str], tmp_path: Path) -> None:
    talk(tmp_path / "clip.mp4", 0.2)
    turned = tmp_path / "turned.mp4"
    made(turned, "-display_rotation", degrees, *mirror, "-i", str(tmp_path / "clip.mp4"), "-c", "copy")
    media = probe_video(turned)
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(turned), "-frames:v", "1"]
    shown = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"], capture_output=True, check=True)
    expected = np.frombuffer(shown.stdout, np.uint8).reshape(media.height, media.width, 3)
    frame = next(frames_at(turned, [0.0], 640))
    assert np.abs(frame.astype(int) - expected).mean() < 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_motion_jpeg_is_turned_as_its_exif_says(orientation: int, tmp_path: Path) -> None:
    upright = np.zeros((80, 120, 3), np.uint8)
    upright[:40, :60] = 255  # the upper left is white
    jpeg = cv2.imencode(".jpg", upright)[1].tobytes()
    entry = f"0001 0112000300000001 {orientation:04x}0000 00000000"
    exif = bytes.fromhex(f"ffe1 0022 457869660000 4d4d002a00000008 {entry}")
    (tmp_path / "picture.jpg").write_bytes(jpeg[:2] + exif + jpeg[2:])
    clip = made(tmp_path / "clip.mov", "-loop", "1", "-i", str(tmp_path / "picture.jpg"), "-t", "1", "-c", "copy")
    media = probe_video(clip)
    turns = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    expected = np.rot90(upright, turns)
    assert (media.height, media.width) == expected.shape[:2]
    frame = next(frames_at(clip, [0.0], 640))
    assert np.abs(frame.astype(int) - expected).mean() < 5


@pytest.mark.slow
def test_frames_that_were_read_are_let_go_at_once(tmp_path: Path) -> None:
    clip = talk(tmp_path / "clip.mp4", 4)
    gc.collect()
    gc.disable()  # what only it would free is held for minutes of a recording
    try:
        for _ in frames_at(clip, np.arange(0, 4, 0.04).tolist(), 640):
            pass
        held = sum(type(thing) is av.VideoFrame for thing in gc.get_objects())
    finally:
        gc.enable()
    assert held < 5


@pytest.mark.parametrize(("size", "longest", "shape"), [("321x241", 640, (241, 321)), ("1280x720", 640, (360, 640))])
def test_frames_are_shrunk_and_never_enlarged(size: str, longest: int, shape: tuple[int, int], tmp_path: Path) -> None:
    clip = sized(tmp_path / "clip.mkv", size)
    frame = next(frames_at(clip, [0.0], longest))
    assert frame.shape == (*shape, 3)
    assert frame.dtype == np.uint8


def test_oblong_pixels_are_shown_in_their_shape(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(0.2, "180x144"), "-vf", "setsar=16/9")
    assert next(frames_at(clip, [0.0], 640)).shape == (144, 320, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "avi", "mpg"])
def test_damage_in_the_middle_is_passed_over(kind: str, tmp_path: Path) -> None:
    clip = talk(tmp_path / f"clip.{kind}", 4)
    data = bytearray(clip.read_bytes())
    middle = slice(len(data) * 4 // 10, len(data) * 5 // 10)
    data[middle] = np.random.default_rng(0).bytes(middle.stop - middle.start)
    clip.write_bytes(data)
    times = np.arange(0, 4, 0.24).tolist()
    assert len(list(frames_at(clip, times, 640))) == len(times)
    assert len(heard(clip)) > RATE


def test_decoding_stops_with_the_last_frame_asked_for(tmp_path: Path) -> None:
    frames = frames_at(silent(tmp_path / "clip.mp4"), [0.0, 0.1], 640)
    assert len(list(frames)) == 2


def test_sound_is_mono_at_the_rate_asked_for(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(), *tone(), "-ac", "2")
    samples = heard(clip)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(2 * RATE, abs=RATE * 0.05)
    assert np.abs(np.fft.rfft(samples[:RATE])).argmax() == pytest.approx(TONE_HZ, abs=2)


def test_sound_that_starts_late_is_led_in_by_silence(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.mp4", *picture(3), "-itsoffset", "1.2", *tone(1))
    parts = loud(heard(clip))
    assert not parts[:11].any()
    assert parts[12:21].all()


def test_a_hole_in_the_sound_is_silent_and_what_follows_keeps_its_time(tmp_path: Path) -> None:
    clip = made(
        tmp_path / "clip.mkv",
        *(*picture(3), *tone(3)),
        *("-af", "aselect='lt(t,1)+gte(t,2)'", "-c:a", "pcm_s16le", "-c:v", "libx264"),
    )
    parts = loud(heard(clip))
    assert parts[:9].all()
    assert not parts[11:19].any()
    assert parts[21:29].all()


def test_a_change_from_stereo_to_mono_is_followed(tmp_path: Path) -> None:
    both = tmp_path / "both.ts"
    stereo = made(tmp_path / "stereo.ts", *tone(1), "-ac", "2", "-c:a", "aac")
    mono = made(tmp_path / "mono.ts", "-f", "lavfi", "-i", "sine=f=440:d=1:r=32000", "-ac", "1", "-c:a", "aac")
    both.write_bytes(stereo.read_bytes() + mono.read_bytes())
    assert loud(heard(both)).sum() >= 18


def test_frames_that_grow_are_read_up_to_a_limit(tmp_path: Path) -> None:
    clip = growing(tmp_path / "clip.ts", "160x120", "320x240")
    pixels = 25 * (160 * 120 + 320 * 240)
    assert len(list(frames_at(clip, [0.5, 1.9], 640, pixels))) == 2
    with pytest.raises(InputError) as refused:
        list(frames_at(clip, [0.5, 9.0], 640, pixels - 1))
    assert refused.value.code is Code.TOO_MANY_PIXELS


def test_decoding_the_whole_sound_may_take_longer_the_larger_a_file_is(tmp_path: Path) -> None:
    clip = made(tmp_path / "clip.wav", *tone(1))
    allowed = decode.whole_sound_timeout_s(clip)
    with clip.open("ab") as file:
        file.truncate(10**8)  # the sound of some hours
    assert decode.whole_sound_timeout_s(clip) > allowed + 40
