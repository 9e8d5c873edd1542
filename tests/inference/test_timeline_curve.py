"""The one curve of probabilities that the page and the report draw."""

import re
from dataclasses import replace

import numpy as np

from inference.export import WRITERS, RecordingInfo
from inference.timeline.sampling import probability_columns
from inference.types import Evidence, Segment, Source, Window
from tests.inference.timelines import timeline
from webapp.pages.timeline.svg import CHART_HEIGHT, probability_bands


def test_the_curve_shows_what_decided() -> None:
    def window(start_s: float, end_s: float, source: Source, *probabilities: float) -> Window:
        return Window(start_s, end_s, source, (0.0, 0.0), probabilities, 1.0, 1.0)

    evidence = Evidence(1.0, 1.0, 0.0)
    cuts = [(0.0, 90.0, "a", (0.6, 0.4)), (90.0, 120.0, "undetermined", (0.0, 0.0)), (120.0, 240.0, "b", (0.3, 0.7))]
    drawn = probability_columns(
        replace(
            timeline(),
            media=replace(timeline().media, duration_s=240.0),
            labels=("a", "b"),
            windows=(
                window(0, 40, Source.AUDIO_VIDEO, 1.0, 0.0),
                window(20, 60, Source.AUDIO_VIDEO, 0.0, 1.0),
                window(80, 110, Source.AUDIO_VIDEO, 1.0, 0.0),
                window(160, 200, Source.AUDIO_VIDEO, 1.0, 0.0),
                window(180, 200, Source.FUSION, 0.0, 1.0),
                window(0, 240, Source.EEG, 0.0, 1.0),
            ),
            segments=tuple(
                Segment(start, end, label, max(shares), dict(zip("ab", shares, strict=True)), evidence)
                for start, end, label, shares in cuts
            ),
        ),
        240,
    )
    assert drawn.shape == (240, 2)
    at = {second: tuple(np.round(drawn[second], 6)) for second in (10, 30, 50, 70, 85, 100, 130, 170, 190, 239)}
    assert at == {
        10: (1, 0),
        30: (0.475, 0.525),
        50: (0, 1),
        70: (0.6, 0.4),
        85: (1, 0),
        100: (0, 0),
        130: (0.3, 0.7),
        170: (1, 0),
        190: (0, 1),
        239: (0.3, 0.7),
    }


def test_page_and_report_draw_the_same_shares() -> None:
    found = timeline()
    (lowest, *_) = probability_bands(found)
    on_page = [float(y) for y in re.findall(r"V([\d.]+)", lowest.path)]
    svg = WRITERS["html"].write(found, RecordingInfo("")).decode()
    path = re.search(r'<path d="M[\d.]+ 120V([\d.]+)H', svg)
    assert path is not None
    assert 1 - float(path[1]) / 120 == 1 - on_page[0] / CHART_HEIGHT == 0.125


def test_overlapping_windows_count_by_how_near_their_middles_are() -> None:
    early = Window(0.0, 4.0, Source.AUDIO_VIDEO, (0.0,) * 3, (1.0, 0.0, 0.0), 1.0, 1.0)
    late = replace(early, start_s=2.0, end_s=6.0, probabilities=(0.0, 1.0, 0.0))
    segment = replace(timeline().segments[0], start_s=0.0, end_s=6.0)
    media = replace(timeline().media, duration_s=6.0)
    drawn = probability_columns(replace(timeline(), media=media, windows=(early, late), segments=(segment,)), 12)
    assert drawn[4].tolist() == [0.875, 0.125, 0.0]  # 2.25 s: 0.25 s from one middle, 1.75 s from the other
