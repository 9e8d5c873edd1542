"""Faces and sound are computed at the same time; what stops one stops the other."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from inference import pipeline
from inference.errors import Code, InputError
from inference.predictors import audio_visual
from inference.predictors.face_track import FaceTrack
from inference.predictors.running_track import RunningFaceTrack
from inference.types import Inputs, Stage
from tests.inference.clips import talk


def ignore(share: float) -> None:
    pass


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "faces"]


def test_samples_can_be_used_before_the_last_one_is_there() -> None:
    go_on = threading.Event()

    def fill(track: FaceTrack) -> Iterator[int]:
        track.features[:2] = 1
        yield 2
        assert go_on.wait(30)
        track.features[2:] = 2
        yield 4

    with RunningFaceTrack(4, 3, 0.24, fill, ignore) as track:
        track.wait_for(2)
        assert track.share == 0.5
        assert track.features.tolist() == [[1] * 3] * 2 + [[0] * 3] * 2
        go_on.set()
        track.wait_for(100)
        assert track.share == 1.0
    assert track.features[3].tolist() == [2] * 3


def test_progress_of_faces_ends_with_the_last_one() -> None:
    reported: list[float] = []

    def fill(track: FaceTrack) -> Iterator[int]:
        yield 2
        yield 4

    with RunningFaceTrack(4, 3, 0.24, fill, reported.append) as track:
        for samples in (4, 4, 2, 100):
            track.wait_for(samples)
    assert reported[-1] == 1.0 and len(set(reported)) == len(reported), reported


def test_what_stops_the_tracking_is_raised_where_it_is_waited_for() -> None:
    def fill(track: FaceTrack) -> Iterator[int]:
        yield 1
        raise InputError(Code.READER_CRASHED, "broken")

    with RunningFaceTrack(4, 3, 0.24, fill, ignore) as track, pytest.raises(InputError, match="broken"):
        track.wait_for(4)
    assert not threads()


def test_tracking_ends_with_the_block() -> None:
    closed = threading.Event()

    def fill(track: FaceTrack) -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    class CancelledError(Exception):
        pass

    def cancel(share: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError), RunningFaceTrack(4, 3, 0.24, fill, cancel) as track:
        track.wait_for(1)
    assert closed.is_set()
    assert not threads()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return talk(tmp_path / "clip.mp4", 8)


@pytest.mark.slow
def test_stages_come_in_order_and_torch_gets_its_threads_back(clip: Path) -> None:
    before, reported = torch.get_num_threads(), list[tuple[Stage, float]]()
    pipeline.analyse(Inputs(clip), on_progress=lambda stage, share: reported.append((stage, share)))
    order = list(Stage)
    assert reported == sorted(reported, key=lambda report: (order.index(report[0]), report[1]))
    assert {stage for stage, _ in reported} == {*order} - {Stage.RENDER}
    assert (Stage.SAMPLE, 1.0) in reported
    assert (Stage.SCORE, 1.0) in reported
    assert torch.get_num_threads() == before


@pytest.mark.slow
def test_a_picture_that_breaks_while_the_sound_is_read_stops_the_analysis(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Iterator[Any]:
        if args:
            raise InputError(Code.TOO_COSTLY, "too long")
        yield

    monkeypatch.setattr(audio_visual, "frames_at", broken)
    with pytest.raises(InputError, match="too long"):
        pipeline.analyse(Inputs(clip))
    assert not threads()


@pytest.mark.slow
def test_sound_that_breaks_stops_the_tracking_of_faces(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise InputError(Code.CLOCK_JUMPS, "jumps")

    monkeypatch.setattr(audio_visual, "measure_mixdown", broken)
    with pytest.raises(InputError, match="jumps"):
        pipeline.analyse(Inputs(clip))
    assert not threads()
