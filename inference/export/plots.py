"""The plots of the report as shapes: times run over WIDTH units, however long the recording is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference.timeline.axis import ticks
from inference.timeline.chart import StackedBand, stacked_bands
from inference.timeline.summary import label_shares
from inference.types import UNDETERMINED, Correction, Segment, Timeline
from inference.wording import caption, clock

WIDTH = 720
COLUMNS = 240  # resolution of the chart
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
_OTHER_COLOURS = ("#5b8fb0", "#b08f5b", "#8fb05b", "#b05b8f", "#5bb08f", "#8f5bb0")  # for labels not listed above
_CHART_HEIGHT = 120
_LETTER_WIDTH = 6.5  # at most
_MAX_TICKS = 8


class Palette:
    """The colours of the labels of a model."""

    def __init__(self, labels: Sequence[str]) -> None:
        others = [label for label in labels if label not in COLOURS]
        self._colours = COLOURS | {
            label: (_OTHER_COLOURS[index % len(_OTHER_COLOURS)], "#10151f") for index, label in enumerate(others)
        }

    def fill(self, label: str) -> str:
        """Return the colour of a label."""
        return self._colours[label][0]

    def ink(self, label: str) -> str:
        """Return the colour of letters on that of a label."""
        return self._colours[label][1]


@dataclass(frozen=True)
class Block:
    """A segment of a strip."""

    x: float
    width: float
    label: str
    title: str

    @property
    def stroke_width(self) -> float:
        """Width of the line between two segments, thinner for narrow ones."""
        return min(1.0, self.width / 4)

    @property
    def fits_label(self) -> bool:
        """Whether the label fits into the block."""
        return self.width > _LETTER_WIDTH * (len(self.label) + 1)


@dataclass(frozen=True)
class Tick:
    """A mark of the time axis."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Plots:
    """Everything that the report draws; shares are {label: share 0..1}."""

    segments: tuple[Block, ...]
    corrections: tuple[Block, ...]
    bands: tuple[StackedBand, ...]
    ticks: tuple[Tick, ...]
    legend: tuple[str, ...]
    shares: dict[str, float]
    corrected_shares: dict[str, float]
    width: int = WIDTH


def draw_plots(timeline: Timeline) -> Plots:
    """Compute the shapes of a timeline."""
    corrections = timeline.corrections.segments if timeline.corrections else ()
    undetermined = any(segment.label == UNDETERMINED for segment in timeline.segments)
    legend = (*timeline.labels, UNDETERMINED) if undetermined else timeline.labels
    return Plots(
        segments=tuple(_block(segment, caption(segment), timeline) for segment in timeline.segments),
        corrections=tuple(_block(segment, segment.label.capitalize(), timeline) for segment in corrections),
        bands=stacked_bands(timeline, COLUMNS, width=WIDTH, height=_CHART_HEIGHT),
        ticks=tuple(_ticks(timeline)),
        legend=legend,
        shares=_shares(timeline.segments, timeline, legend),
        corrected_shares=_shares(corrections, timeline, legend) if corrections else {},
    )


def _block(segment: Segment | Correction, text: str, timeline: Timeline) -> Block:
    title = f"{text}, {clock(segment.start_s)} to {clock(segment.end_s)}"
    length_s = segment.end_s - segment.start_s
    return Block(_x(segment.start_s, timeline), _x(length_s, timeline), segment.label, title)


def _ticks(timeline: Timeline) -> Iterator[Tick]:
    for seconds in ticks(timeline.media.duration_s, _MAX_TICKS):
        x = _x(seconds, timeline)
        anchor = "start" if seconds == 0 else "end" if x > 0.96 * WIDTH else "middle"
        yield Tick(x, clock(seconds).removesuffix(".0"), anchor)


def _shares(segments: Sequence[Segment | Correction], timeline: Timeline, legend: tuple[str, ...]) -> dict[str, float]:
    """Return the share of each label of the legend, and of others that occur."""
    shares = label_shares(segments, timeline.labels)
    return {label: share for label, share in shares.items() if label in legend or share}


def _x(seconds: float, timeline: Timeline) -> float:
    return WIDTH * seconds / timeline.media.duration_s
