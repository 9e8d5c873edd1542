"""The spans of a long recording: any worker reads one, and together they are what one worker would have read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from inference.types import Faces, Window

MIN_SPAN_S = 10.0  # far above the distance of two windows, so that no span is without one


def count_spans(duration_s: float, span_s: float) -> int:
    """Return how many spans of at most `span_s` (not below MIN_SPAN_S) a recording has; 0 never divides it."""
    return max(1, math.ceil(duration_s / max(span_s, MIN_SPAN_S))) if span_s else 1


@dataclass(frozen=True)
class SpanPlan:
    """What one of the spans reads: `windows`, by their first samples.

    It tells of the faces from `first` to before `last` (samples), since windows of two spans overlap.
    """

    windows: Sequence[int]
    first: int
    last: int


def plan_span(starts: Sequence[int], samples: int, number: int, count: int) -> SpanPlan:
    """Return what span `number` of `count` reads, of the rising `starts` of windows in so many samples."""
    edges = [len(starts) * each // count for each in (number, number + 1)]
    first = starts[edges[0]] if number else 0
    return SpanPlan(starts[slice(*edges)], first, starts[edges[1]] if number + 1 < count else samples)


@dataclass(frozen=True)
class SpanReading:
    """The windows of a span and its faces."""

    windows: tuple[Window, ...]
    faces: Faces

    def encode(self) -> bytes:
        """Return the reading as MessagePack, all digits kept."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "SpanReading":
        """Return the reading that was encoded. Raises ValueError where it is not one."""
        return msgspec.msgpack.decode(data, type=cls)
