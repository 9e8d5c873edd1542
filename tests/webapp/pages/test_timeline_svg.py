"""What is drawn of a timeline: everything in percent of the recording."""

import re

import pytest

from inference.timeline.axis import ticks
from inference.timeline.sampling import source_labels_on_grid
from inference.types import UNDETERMINED, Evidence, MediaInfo, Mode, Segment, Source, Timeline, Window
from inference.wording import clock
from webapp.pages.templatetags import emotrace
from webapp.pages.timeline import svg
from webapp.pages.timeline.tiers import TierKind, build_tiers

LABELS = ("neutral", "happy")


def window(start_s: float, end_s: float, happy: float, source: Source = Source.AUDIO_VIDEO) -> Window:
    return Window(start_s, end_s, source, (0.0, 0.0), (1 - happy, happy), 1.0, 1.0)


def segment(start_s: float, end_s: float, label: str, eeg: float = 0.0) -> Segment:
    return Segment(start_s, end_s, label, 0.8, {"neutral": 0.2, "happy": 0.8}, Evidence(1.0, 0.5, eeg))


def timeline(duration_s: float, windows: list[Window], segments: list[Segment]) -> Timeline:
    media = MediaInfo(duration_s, 640, 480, 25.0, True, True, "0" * 64)
    return Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, tuple(windows), tuple(segments), "")


def draw(drawn: Timeline) -> svg.TimelineSvg:
    return svg.draw_timeline(
        drawn, build_tiers(drawn, {Source.AUDIO_VIDEO: source_labels_on_grid(drawn, Source.AUDIO_VIDEO)})
    )


def paths(drawn: svg.TimelineSvg, kind: TierKind) -> dict[str, str]:
    return {shape.label: shape.path for one in drawn.tiers if one.tier.kind is kind for shape in one.shapes}


def heights(bands: tuple[svg.Shape, ...], label: str) -> list[tuple[float, float]]:
    path = next(band.path for band in bands if band.label == label)
    points, x, y = [], 0.0, 0.0
    for command, numbers in re.findall(r"([MHV])([-\d. ]+)", path):
        values = [float(number) for number in numbers.split()]
        x, y = values if command == "M" else (values[0], y) if command == "H" else (x, values[0])
        points.append((x, y))
    return points


def test_segments_tile_the_whole_width_one_shape_a_label() -> None:
    cut = [segment(0, 2.5, "happy"), segment(2.5, 5, "neutral"), segment(5, 10, "happy")]
    drawn = paths(draw(timeline(10, [window(0, 10, 0.8)], cut)), TierKind.SEGMENTS)
    assert drawn == {
        "happy": "M0.00 0H250.00V1H0.00ZM500.00 0H1000.00V1H500.00Z",
        "neutral": "M250.00 0H500.00V1H250.00Z",
    }


def test_a_label_is_written_where_it_has_room() -> None:
    cut = [segment(0, 1, "happy"), segment(1, 4, "neutral"), segment(4, 10, "happy")]
    drawn = draw(timeline(10, [window(0, 10, 0.8)], cut))
    assert [(name.x, name.label) for name in drawn.names] == [(10, "neutral"), (40, "happy")]


def test_thousands_of_segments_stay_a_small_drawing() -> None:
    cut = [segment(at, at + 1, LABELS[at % 2]) for at in range(3600)]
    drawn = paths(draw(timeline(3600, [window(0, 3600, 0.8)], cut)), TierKind.SEGMENTS)
    assert sum(path.count("Z") for path in drawn.values()) == svg.MAX_RUNS
    assert sum(map(len, drawn.values())) < 20_000


def test_each_tier_shows_what_it_is_named_after() -> None:
    half_seen = Window(0.0, 10.0, Source.AUDIO_VIDEO, (0.0, 0.0), (0.2, 0.8), 0.6, 0.0)
    drawn = draw(timeline(10, [half_seen], [segment(0, 10, "neutral")]))
    assert list(paths(drawn, TierKind.LABELS)) == ["happy"]
    face, voice = (one for one in drawn.tiers if one.tier.kind is TierKind.SHARES)
    assert [shape.opacity for shape in face.shapes] == [0.5]
    assert voice.shapes == ()


@pytest.mark.parametrize(
    ("duration_s", "last"), [(0.4, 0), (3.6, 3), (24, 20), (61, 60), (1800, 1800), (7200, 7200), (40_000, 39_600)]
)
def test_ticks_are_few_and_round_and_start_at_nought(duration_s: float, last: float) -> None:
    found = ticks(duration_s, svg.MAX_TICKS)
    assert (found[0], found[-1]) == (0, last)
    assert all(tick <= duration_s for tick in found)
    assert len(found) <= max(svg.MAX_TICKS + 1, duration_s // 3600 + 1)


def test_probabilities_stack_to_the_full_height() -> None:
    bands = svg.probability_bands(timeline(10, [window(0, 10, 0.75)], [segment(0, 10, "happy")]))
    assert [band.label for band in bands] == ["neutral", "happy"]
    assert {y for _, y in heights(bands, "neutral")} == {75.0, 100.0}
    assert {y for _, y in heights(bands, "happy")} == {0.0, 75.0}
    assert {x for x, _ in heights(bands, "happy")} >= {0.0, 1000.0}


def test_the_chart_has_a_gap_where_nothing_was_read() -> None:
    cut = [segment(0, 5, "happy"), segment(5, 10, UNDETERMINED)]
    bands = svg.probability_bands(timeline(10, [window(0, 10, 0.75)], cut))
    assert max(x for x, _ in heights(bands, "happy")) == 500.0


def test_the_chart_reaches_the_end_though_the_last_window_does_not() -> None:
    bands = svg.probability_bands(timeline(10, [window(0, 9, 0.75)], [segment(0, 10, "happy")]))
    assert max(x for x, _ in heights(bands, "happy")) == 1000.0


def test_fusion_is_drawn_where_there_is_one() -> None:
    windows = [window(0, 10, 0.0), window(0, 5, 1.0, Source.FUSION)]
    bands = svg.probability_bands(timeline(10, windows, [segment(0, 10, "happy", eeg=1.0)]))
    fused = [(x, y) for x, y in heights(bands, "happy") if x < 499]
    assert {y for _, y in fused} == {0.0, 100.0}
    assert not [x for x, _ in heights(bands, "happy") if x > 510]


def test_the_legend_names_undetermined_only_where_it_occurs() -> None:
    assert draw(timeline(10, [window(0, 10, 1)], [segment(0, 10, "happy")])).labels == LABELS
    unread = draw(timeline(10, [window(0, 10, 1)], [segment(0, 10, UNDETERMINED)]))
    assert unread.labels == (*LABELS, UNDETERMINED)


def test_a_bar_leaves_out_what_never_occurs() -> None:
    bar = svg.label_shares({"neutral": 0.25, "calm": 0.0, "happy": 0.75})
    assert [(part.label, part.x, part.width) for part in bar] == [("neutral", 0, 25), ("happy", 25, 75)]
    assert [part.label for part in svg.largest_first(bar)] == ["happy", "neutral"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (3.6, "0:03.6"), (59.96, "1:00.0"), (760, "12:40.0"), (3723.04, "1:02:03.0")]
)
def test_a_moment_reads_as_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(24.2, "0:24"), (59.7, "1:00"), (3723, "1:02:03")])
def test_a_length_reads_as_a_clock(seconds: float, shown: str) -> None:
    assert emotrace.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(7200, "2 hours"), (3600, "1 hour"), (5400, "90 minutes"), (45, "45 seconds"), (1.5, "1.5 seconds")],
)
def test_a_limit_is_said_in_its_largest_round_unit(seconds: float, shown: str) -> None:
    assert emotrace.rounded_duration(seconds) == shown
