"""Timeline, frames, sound and labelled video share a player's time, or the recording is refused before it is read."""

from pathlib import Path

import numpy as np
import pytest

from inference.errors import Code, InputError
from inference.media import render as rendering
from inference.media.container import open_container, video_stream
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.media.probe import probe_video
from inference.media.render import render
from inference.types import Evidence, Inputs, Limits, MediaInfo, Mode, Segment, Timeline
from inference.validation import check_inputs
from tests.inference import recordings
from tests.inference.clips import shades, talk

pytestmark = pytest.mark.slow

RATE = 22050


def timeline(media: MediaInfo) -> Timeline:
    segment = Segment(0, media.duration_s, "happy", 0.8, {}, Evidence(1.0, 1.0, 0.0))
    return Timeline(Mode.AUDIO_VIDEO, media, (), ("happy",), (), (segment,), "")


def beeps_s(path: Path) -> list[float]:
    """When each beep begins."""
    samples = np.concatenate(list(decode_audio(path, RATE)))
    loud = np.flatnonzero(np.abs(samples) > 0.1) / RATE
    return loud[np.flatnonzero(np.diff(loud, prepend=-1) > 0.5)].tolist()


@pytest.mark.extended
@pytest.mark.parametrize("kind", recordings.READ)
def test_it_is_read_and_labelled_from_beginning_to_end(kind: str, tmp_path: Path) -> None:
    seconds, make = recordings.READ[kind]
    clip, out = make(tmp_path), tmp_path / "out.mp4"
    media = check_inputs(Inputs(clip), Limits())
    assert media.duration_s == pytest.approx(seconds, abs=0.1)
    assert media.has_audio
    render(clip, timeline(media), out)
    assert probe_video(out).duration_s == pytest.approx(seconds, abs=0.15)
    begun = beeps_s(clip)
    assert len(begun) >= int(seconds) - 3
    assert begun[0] == pytest.approx(recordings.BEEP_S, abs=0.05)
    assert beeps_s(out)[-1] == pytest.approx(begun[-1], abs=0.05)
    shown = [frame.mean() for path in (clip, out) for frame in frames_at(path, [seconds - 0.3], 160)]
    assert shown[0] == pytest.approx(shown[1], abs=8)


@pytest.mark.parametrize("kind", recordings.REFUSED)
def test_it_is_refused_before_it_is_read(kind: str, tmp_path: Path) -> None:
    code, make = recordings.REFUSED[kind]
    with pytest.raises(InputError) as refused:
        check_inputs(Inputs(make(tmp_path)), Limits())
    assert refused.value.code == code


@pytest.mark.parametrize("kind", recordings.UNTIMED)
def test_sound_without_a_clock_of_its_own_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its timestamps say") as refused:
        measure_mixdown(recordings.UNTIMED[kind](tmp_path))
    assert refused.value.code is Code.CLOCK_JUMPS


def test_pauses_in_the_sound_are_no_fault(tmp_path: Path) -> None:
    clip = recordings.beeps(tmp_path / "a.mkv", "-af", "aselect='lt(mod(t,1),0.8)'")
    measure_mixdown(clip)
    assert len(beeps_s(clip)) == recordings.SECONDS


@pytest.mark.parametrize("factor", [0.97, 0.99, 1.01, 1.03])
def test_sound_that_drifts_lies_where_its_timestamps_say(factor: float, tmp_path: Path) -> None:
    begun = beeps_s(recordings.with_drift(tmp_path / "a.mkv", factor))
    assert begun == pytest.approx([(number + recordings.BEEP_S) * factor for number in range(20)], abs=0.04)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("default", [0, 1])
def test_the_sound_that_players_play_is_read(default: int, suffix: str, tmp_path: Path) -> None:
    clip = recordings.with_two_sounds(tmp_path / f"a.{suffix}", default)
    assert bool(beeps_s(clip)) == (default == 1)


@pytest.mark.parametrize("default", [0, 1])
def test_the_picture_that_players_show_is_read(default: int, tmp_path: Path) -> None:
    (frame,) = frames_at(recordings.with_two_pictures(tmp_path / "a.mkv", default), [1.0], 160)
    assert (frame.mean() > 20) == (default == 1)


def test_a_picture_that_cannot_be_read_gives_way_to_one_that_can(tmp_path: Path) -> None:
    clip = recordings.with_two_pictures(tmp_path / "a.mkv", 0, first_coding="libtheora")
    assert probe_video(clip).duration_s == pytest.approx(recordings.SECONDS, abs=0.05)
    with open_container(clip) as container:
        chosen = video_stream(container)
        assert chosen is not None and chosen.index == 1


def test_a_labelled_video_of_another_length_than_the_timeline_is_refused(tmp_path: Path) -> None:
    clip, out = talk(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    media = probe_video(clip)
    longer = MediaInfo(**{**vars(media), "duration_s": media.duration_s + 2 * rendering.LENGTH_TOLERANCE_S})
    with pytest.raises(InputError, match=r"2\.0 s and the timeline 2\.2 s") as refused:
        render(clip, timeline(longer), out)
    assert refused.value.code is Code.VIDEO_LENGTH
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_picture_that_stands_still_without_sound_is_no_jump(tmp_path: Path) -> None:
    clip = shades(tmp_path / "a.mkv", [0, 15, 30])
    assert probe_video(clip).duration_s == pytest.approx(30, abs=0.1)
