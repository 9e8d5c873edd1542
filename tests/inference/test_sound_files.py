"""The voice is read from whatever shape of WAV carries it, or the file is refused for what is true of it."""

from pathlib import Path

import av
import numpy as np
import pytest

from inference.errors import Code, InputError
from inference.media.decode import decode_audio, measure_mixdown
from inference.media.probe import probe_audio, probe_video
from inference.media.render import render
from inference.speech import voice_activity_ratio, voice_level
from inference.types import Evidence, Mode, Segment, Timeline
from tests.inference import sounds
from tests.inference.clips import made, silent, tone

RATE = 22050
EVIDENCE = Evidence(1.0, 1.0, 0.0)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "voice.wav"
    path.write_bytes(data)
    return path


def heard(path: Path) -> np.ndarray:
    return np.concatenate(list(decode_audio(path, RATE)))


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """How far two sounds are the same but for their level: their correlation."""
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return heard(written(tmp_path_factory.mktemp("plain"), sounds.READ["plain"]()))


@pytest.mark.slow
@pytest.mark.parametrize("shape", sounds.READ)
def test_the_voice_is_read_from_it(shape: str, plain: np.ndarray, tmp_path: Path) -> None:
    path = written(tmp_path, sounds.READ[shape]())
    assert probe_audio(path) == pytest.approx(sounds.SECONDS, abs=0.05)
    read = heard(path)
    assert len(read) == pytest.approx(len(plain), abs=0.05 * RATE)
    assert alike(read, plain) > 0.98
    assert np.abs(read).max() < 1.1
    level, usual = voice_level([read], RATE), voice_level([plain], RATE)
    assert level is not None and usual is not None and abs(level - usual) < 20  # what levelling evens out
    assert voice_activity_ratio(read, RATE) > 0.7 * voice_activity_ratio(plain, RATE)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["floats of 16-bit integers", "overdriven floats", "infinite samples"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_labelled_video_plays_it_within_full_scale(
    shape: str, channels: int, plain: np.ndarray, tmp_path: Path
) -> None:
    mono = np.frombuffer(sounds.READ[shape]()[-4 * sounds.RATE * sounds.SECONDS :], "<f4")
    data = sounds.wav(np.repeat(mono, channels).tobytes(), coding=3, channels=channels, each=4)
    out = labelled(tmp_path, data)
    with av.open(str(out)) as container:
        peak = max(float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0))
    assert 0.1 < peak <= 1.0
    assert alike(heard(out), plain) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["one of 32 channels", "24 bits in 32", "big-endian", "opposite phase"])
def test_the_labelled_video_plays_what_was_read(shape: str, plain: np.ndarray, tmp_path: Path) -> None:
    assert alike(heard(labelled(tmp_path, sounds.READ[shape]())), plain) > 0.95


def labelled(folder: Path, data: bytes) -> Path:
    """The labelled video of a silent video with this sound beside it."""
    video, out = silent(folder / "clip.mp4", sounds.SECONDS), folder / "out.mp4"
    media = probe_video(video)
    segment = Segment(0, media.duration_s, "happy", 0.8, {}, EVIDENCE)
    timeline = Timeline(Mode.AUDIO_VIDEO, media, (), ("happy",), (), (segment,), "")
    render(video, timeline, out, sound=written(folder, data))
    return out


def test_two_equal_channels_are_heard_as_one(tmp_path: Path) -> None:
    path = written(tmp_path, sounds.tracks(sounds.voice(), sounds.voice()))
    assert measure_mixdown(path).mixes[0].weights == pytest.approx((0.5, 0.5))


def test_a_silent_file_is_read_as_silence(tmp_path: Path) -> None:
    assert not heard(written(tmp_path, sounds.wav(bytes(64_000)))).any()


def test_a_tag_before_flac_is_passed_over(tmp_path: Path) -> None:
    flac = made(tmp_path / "plain.flac", *tone(2))
    tagged = tmp_path / "tagged.flac"
    tagged.write_bytes(b"ID3\3\0\0\0\0\0\x10" + bytes(16) + flac.read_bytes())
    assert probe_audio(tagged) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (lambda: sounds.tracks(*[sounds.voice()] * 65), Code.AUDIO_CHANNELS, "65 channels"),
        (
            lambda: sounds.wav(sounds.floats(np.full(48_000, np.nan)), coding=3, each=4),
            Code.AUDIO_NOT_FINITE,
            "not numbers",
        ),
        (lambda: sounds.wav(sounds.floats(sounds.voice() * 1e30), coding=3, each=4), Code.AUDIO_LEVEL, "full scale"),
        (lambda: sounds.wav(sounds.integers(16)) * 2, Code.JOINED_RECORDINGS, "several recordings"),
        (lambda: sounds.wav(sounds.integers(16), behind=b"<html>" * 9), Code.MIXED_FILE, "a page"),
        (lambda: sounds.wav(sounds.integers(16))[:-999], Code.AUDIO_SIZE, "header"),
    ],
    ids=["65 channels", "no numbers", "beyond any scale", "two sounds", "a page behind", "cut short"],
)
def test_what_is_refused_is_told_why(data: object, code: Code, words: str, tmp_path: Path) -> None:
    assert callable(data)
    with pytest.raises(InputError, match=words) as refused:
        probe_audio(written(tmp_path, data()))
    assert refused.value.code is code
