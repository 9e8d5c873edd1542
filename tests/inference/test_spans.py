"""A long recording that is read in spans gives the timeline that one worker gives."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.media.decode import frames_at
from inference.media.keyframes import from_keyframe
from inference.pipeline import analyse, merge_spans, read_span
from inference.sound_survey import SoundSurvey
from inference.spans import SpanReading, count_spans, plan_span
from inference.speech import skip_samples
from inference.types import Inputs, Limits, Timeline
from inference.validation import check_inputs
from tests.inference.clips import made, picture
from tests.inference.sounds import SAMPLES

LOGITS = 1e-4  # by which a merged logit may differ


@pytest.mark.parametrize(
    ("duration_s", "span_s", "count"),
    [(600, 600, 1), (600.1, 600, 2), (3600, 600, 6), (7200, 0, 1), (30, 1, 3), (0.5, 600, 1)],
)
def test_spans_are_no_longer_than_allowed(duration_s: float, span_s: float, count: int) -> None:
    assert count_spans(duration_s, span_s) == count


@pytest.mark.parametrize("samples", [42, 104, 500])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_window_and_each_sample_belongs_to_one_span(samples: int, count: int) -> None:
    starts = sorted({*range(0, samples - 14, 3), samples - 15})
    plans = [plan_span(starts, samples, number, count) for number in range(count)]
    assert [start for plan in plans for start in plan.windows] == starts
    assert [sample for plan in plans for sample in range(plan.first, plan.last)] == list(range(samples))
    assert all(plan.windows[-1] + 15 >= plan.last for plan in plans)


def test_a_stream_loses_only_what_is_skipped() -> None:
    chunks = [np.arange(4), np.arange(4, 6), np.arange(6, 12)]
    for samples in range(13):
        rest = list(skip_samples(chunks, samples))
        assert np.concatenate([*rest, np.zeros(0, int)]).tolist() == list(range(samples, 12))


@pytest.mark.slow
@pytest.mark.parametrize("time_s", [0.0, 0.39, 0.41, 2.4, 2.5, 9.9])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("closed.mp4", ["-c:v", "libx264", "-g", "25", "-bf", "3"]),
        ("open.ts", ["-c:v", "libx264", "-x264-params", "open-gop=1:keyint=25:bframes=3"]),
        ("one.mkv", ["-c:v", "libx264", "-g", "1000"]),
        ("old.mpg", ["-c:v", "mpeg2video", "-g", "12", "-bf", "2"]),
    ],
)
def test_frames_are_the_same_wherever_reading_begins(
    tmp_path: Path, name: str, arguments: list[str], time_s: float
) -> None:
    clip = made(tmp_path / name, *picture(10), *arguments)
    times = np.arange(0.12, 10.5, 0.24).tolist()
    later = [time for time in times if time >= time_s]
    whole = list(frames_at(clip, times, 160))[-len(later) :]
    np.testing.assert_array_equal(list(frames_at(clip, later, 160)), whole)


class Packet:
    """A packet of a track whose frames are shown in the order of decoding."""

    size, is_discard = 1, False

    def __init__(self, number: int, *, keyframe: bool) -> None:
        self.pts = self.dts = number
        self.is_keyframe = keyframe
        self.time_base = self

    numerator = denominator = 1


@pytest.mark.parametrize(
    ("keyframes", "time_s", "first"), [((0, 10, 20), 20, 20), ((0, 10, 20), 19.5, 10), ((0,), 15, 0), ((), 15, 0)]
)
def test_packets_are_passed_over_up_to_the_keyframe(keyframes: tuple[int, ...], time_s: float, first: int) -> None:
    packets = [Packet(number, keyframe=number in keyframes) for number in range(30)]
    kept = from_keyframe(packets, time_s, 0.0)  # type: ignore[arg-type]
    assert [packet.pts for packet in kept] == list(range(first, 30))


def test_of_a_group_without_end_few_packets_are_held() -> None:
    drawn = 0

    def packets() -> Iterator[Packet]:
        nonlocal drawn
        for number in range(5000):
            drawn += 1
            yield Packet(number, keyframe=number == 0)

    assert next(from_keyframe(packets(), 4999, 0.0)).pts == 0  # type: ignore[arg-type]
    assert drawn < 1000


def in_spans(inputs: Inputs, count: int, model: str) -> Timeline:
    """As workers do it, with what goes through the database encoded."""
    media, surveys, readings = check_inputs(inputs, Limits()), list[bytes](), list[SpanReading]()

    def share_survey(make: Callable[[], SoundSurvey]) -> SoundSurvey:
        if not surveys:
            surveys.append(make().encode())
        return SoundSurvey.decode(surveys[0])

    for number in range(count):
        reading = read_span(
            inputs,
            media,
            model=model,
            number=number,
            count=count,
            share_survey=share_survey,
        )
        readings.append(SpanReading.decode(reading.encode()))
    assert len(surveys) == 1
    return merge_spans(media, readings, model=model)


def assert_same(merged: Timeline, whole: Timeline) -> None:
    assert len(merged.windows) == len(whole.windows)
    for one, other in zip(merged.windows, whole.windows, strict=True):
        np.testing.assert_allclose(one.logits, other.logits, atol=LOGITS)
        assert (one.start_s, one.end_s, one.face, one.voice) == (other.start_s, other.end_s, other.face, other.voice)
        assert (one.unimodal or {}).keys() == (other.unimodal or {}).keys()
    assert [(each.start_s, each.end_s, each.label, each.reason) for each in merged.segments] == [
        (each.start_s, each.end_s, each.label, each.reason) for each in whole.segments
    ]
    assert merged.faces == whole.faces
    assert replace(merged, windows=(), segments=()) == replace(whole, windows=(), segments=())


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.parametrize("model", ["intermediate-attention-8@1", "intermediate-attention-5@2"])
def test_spans_are_merged_to_what_one_worker_reads(tmp_path: Path, model: str) -> None:
    """By MFCC and by the speech encoder; the sample over and over, with an end of its own."""
    sample = ["-stream_loop", "-1", "-i", str(SAMPLES / "interview.mp4"), "-t", "50.5"]
    clip = made(tmp_path / "clip.mp4", *sample, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-c:a", "aac")
    whole = analyse(Inputs(clip), model=model)
    assert len(whole.segments) > 3 and whole.faces
    assert_same(in_spans(Inputs(clip), 3, model), whole)
