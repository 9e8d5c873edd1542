"""A timeline drawn as SVG, for the report: times run over WIDTH units, however long the recording is."""

from collections.abc import Sequence

import numpy as np

from inference.export.elements import Element, add, clock, number, percent
from inference.export.writer import caption
from inference.timeline.axis import ticks
from inference.timeline.sampling import probability_columns
from inference.timeline.summary import label_shares
from inference.types import UNDETERMINED, Correction, Corrections, Segment, Timeline

WIDTH = 720
COLUMNS = 240  # the chart's resolution
# A label's colour and that of letters on it, as the application shows them.
COLOURS = {
    "neutral": ("#9bb8e8", "#10151f"),
    "calm": ("#2f9385", "#10151f"),
    "happy": ("#f6d743", "#10151f"),
    "sad": ("#7568cc", "#fff"),
    "angry": ("#cb3a52", "#fff"),
    "fearful": ("#742f7a", "#fff"),
    "disgust": ("#42560c", "#fff"),
    "surprised": ("#e39a66", "#10151f"),
    UNDETERMINED: ("url(#hatch)", "#1b2330"),
}
_OTHERS = ("#5b8fb0", "#b08f5b", "#8fb05b", "#b05b8f", "#5bb08f", "#8f5bb0")  # for labels of one's own
_STRIP, _CHART, _AXIS, _BAR = 40, 120, 18, 20  # heights
_LETTER = 6.5  # width of one, at most
_TICKS = 8  # as many times as fit below


def strip(parent: Element, timeline: Timeline) -> None:
    """The segments, each with its label if that fits."""
    svg = _svg(parent, _STRIP + _AXIS, "The timeline: " + _spoken(timeline.segments, timeline))
    hatch = add(add(svg, "defs"), "pattern", id="hatch", width="6", height="6", patternUnits="userSpaceOnUse")
    add(hatch, "rect", width="6", height="6", fill="#d9dce1")
    add(hatch, "path", d="M0 6L6 0", stroke="#9aa1ac")
    for segment in timeline.segments:
        _block(svg, segment, caption(segment), timeline)
    _axis(svg, timeline, _STRIP)


def corrected_strip(parent: Element, timeline: Timeline, corrections: Corrections) -> None:
    """The same of a person's segments, below `strip`."""
    svg = _svg(parent, _STRIP + _AXIS, "The corrected timeline: " + _spoken(corrections.segments, timeline))
    for segment in corrections.segments:
        _block(svg, segment, segment.label.capitalize(), timeline)
    _axis(svg, timeline, _STRIP)


def _block(svg: Element, segment: Segment | Correction, words: str, timeline: Timeline) -> None:
    x, width = _x(segment.start_s, timeline), _x(segment.end_s - segment.start_s, timeline)
    paint, ink = _colours(segment.label, timeline)
    box = add(svg, "rect", x=number(x), width=number(width), height=str(_STRIP), fill=paint, stroke="#fff")
    box.set("stroke-width", number(min(1.0, width / 4)))
    add(box, "title", f"{words}, {clock(segment.start_s)} to {clock(segment.end_s)}")
    if width > _LETTER * (len(segment.label) + 1):
        add(svg, "text", segment.label.capitalize(), x=number(x + 5), y=str(_STRIP / 2 + 4), fill=ink)


def chart(parent: Element, timeline: Timeline) -> None:
    """The probabilities, stacked to 100 %; hatched where nothing was read."""
    svg = _svg(parent, _CHART + _AXIS, "The probability of each emotion over time, stacked.")
    add(svg, "rect", width=str(WIDTH), height=str(_CHART), fill="url(#hatch)")
    probabilities = probability_columns(timeline, COLUMNS)
    tops = np.cumsum(probabilities, axis=1)
    for index, label in enumerate(timeline.labels):
        path = _area(tops[:, index] - probabilities[:, index], tops[:, index])
        if path:
            add(add(svg, "path", d=path, fill=_colours(label, timeline)[0]), "title", label.capitalize())
    _axis(svg, timeline, _CHART)


def shares(parent: Element, timeline: Timeline, segments: Sequence[Segment | Correction]) -> None:
    """A bar for each label, as long as its share of the recording among the machine's or a person's `segments`."""
    found = label_shares(segments, timeline.labels)
    shown = [label for label in found if label in _shown(timeline) or found[label]]
    svg = _svg(parent, _BAR * len(shown), ", ".join(f"{label} {percent(found[label], 1)}" for label in shown))
    for row, label in enumerate(shown):
        y = row * _BAR
        add(svg, "text", label.capitalize(), y=str(y + 14))
        add(svg, "rect", x="110", y=str(y + 3), width=number(550 * found[label]), height=str(_BAR - 6)).set(
            "fill", _colours(label, timeline)[0]
        )
        add(svg, "text", percent(found[label], 1), x=str(WIDTH), y=str(y + 14)).set("text-anchor", "end")


def legend(parent: Element, timeline: Timeline) -> None:
    names = add(parent, "p", class_="legend")
    for label in _shown(timeline):
        mark(names, label, timeline)


def mark(parent: Element, label: str, timeline: Timeline) -> None:
    """The label beside its colour."""
    together = add(parent, "span", class_="label")
    swatch = add(together, "svg", viewBox="0 0 10 10", class_="swatch")
    add(swatch, "rect", width="10", height="10", fill=_colours(label, timeline)[0])
    swatch.tail = label.capitalize()


def _area(bottoms: np.ndarray, tops: np.ndarray) -> str:
    """An SVG path in steps: one closed shape for each stretch in which `tops` are above `bottoms` (shares 0..1)."""
    there = np.concatenate(([False], tops > bottoms, [False]))
    edges = np.flatnonzero(there[1:] != there[:-1])
    shapes = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        over = [f"V{_y(tops[i])}H{_column(i + 1)}" for i in range(first, last)]
        under = [f"V{_y(bottoms[i])}H{_column(i)}" for i in reversed(range(first, last))]
        shapes.append(f"M{_column(first)} {_y(bottoms[first])}{''.join(over)}{''.join(under)}Z")
    return "".join(shapes)


def _column(index: int) -> str:
    return number(index * WIDTH / COLUMNS)


def _y(share: float) -> str:
    return number(_CHART * (1 - share))


def _axis(svg: Element, timeline: Timeline, y: int) -> None:
    """Round times below what is drawn."""
    for seconds in ticks(timeline.media.duration_s, _TICKS):
        x = _x(seconds, timeline)
        add(svg, "path", d=f"M{number(x)} {y}v4", stroke="#5a6474")
        words = add(svg, "text", clock(seconds).removesuffix(".0"), x=number(x), y=str(y + 15), class_="tick")
        words.set("text-anchor", "start" if seconds == 0 else "end" if x > 0.96 * WIDTH else "middle")


def _svg(parent: Element, height: int, words: str) -> Element:
    return add(parent, "svg", viewBox=f"0 0 {WIDTH} {height}", role="img", **{"aria-label": words})


def _x(seconds: float, timeline: Timeline) -> float:
    return WIDTH * seconds / timeline.media.duration_s


def _colours(label: str, timeline: Timeline) -> tuple[str, str]:
    """The label's colour and that of letters on it."""
    if label in COLOURS:
        return COLOURS[label]
    own = [each for each in timeline.labels if each not in COLOURS]
    return _OTHERS[own.index(label) % len(_OTHERS)], "#10151f"


def _shown(timeline: Timeline) -> tuple[str, ...]:
    """All labels that the model knows, and `undetermined` where it occurs."""
    unread = any(segment.label == UNDETERMINED for segment in timeline.segments)
    return (*timeline.labels, UNDETERMINED) if unread else timeline.labels


def _spoken(segments: Sequence[Segment | Correction], timeline: Timeline) -> str:
    return f"{len(segments)} segments over {clock(timeline.media.duration_s)}; they are listed below."
