"""Validation of the segments that a person sets instead of the model's."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from inference.errors import Code, InputError
from inference.types import TIME_DECIMALS, UNDETERMINED, Correction


def labels_between(segments: Sequence[Correction], start_s: float, end_s: float) -> tuple[str, ...]:
    """Return the labels of tiling `segments` between start_s and end_s, in the order of time, each once."""
    labels: dict[str, None] = {}
    for segment in segments[bisect_right(segments, start_s, key=lambda segment: segment.end_s) :]:
        if segment.start_s >= end_s:
            break
        labels[segment.label] = None
    return tuple(labels)


def validate_corrections(
    segments: Sequence[Correction], labels: Sequence[str], duration_s: float
) -> tuple[Correction, ...]:
    """Return the segments with times rounded to milliseconds; they tile 0..duration_s with `labels` or UNDETERMINED.

    Raises InputError(CORRECTION_RANGE | CORRECTION_LABEL | CORRECTION_OVERLAP | CORRECTION_GAP) for the first
    segment that is wrong; segments count from 1.
    """
    end_s = round(duration_s, TIME_DECIMALS)
    found = tuple(
        replace(one, start_s=round(one.start_s, TIME_DECIMALS), end_s=round(one.end_s, TIME_DECIMALS))
        for one in segments
    )
    for number, one in enumerate(found, 1):
        if not 0 <= one.start_s < one.end_s <= end_s:  # false for NaN too
            raise InputError(
                Code.CORRECTION_RANGE,
                f"Segment {number} is from {one.start_s} to {one.end_s} s. It has to begin before it ends, "
                f"within 0 to {end_s} s.",
            )
        if one.label not in (*labels, UNDETERMINED):
            known = ", ".join((*labels, UNDETERMINED))
            raise InputError(Code.CORRECTION_LABEL, f"Segment {number} is {one.label!r}. Choose from: {known}.")
    edges = [0.0, *(edge for one in found for edge in (one.start_s, one.end_s)), end_s]
    for before, after in zip(edges[::2], edges[1::2], strict=True):
        if before > after:
            raise InputError(
                Code.CORRECTION_OVERLAP,
                f"A segment begins at {after} s, before the one above it ends at {before} s. Each has to begin "
                "where the one before it ends.",
            )
        if before < after:
            raise InputError(
                Code.CORRECTION_GAP,
                f"Nothing is said of {before} to {after} s. The segments have to cover 0 to {end_s} s.",
            )
    return found
