"""The lanes, and the numbers that the page hands over to its scripts."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np

from inference.timeline.runs import label_runs
from inference.timeline.sampling import UNCOVERED, source_labels_on_grid
from inference.types import (
    UNDETERMINED,
    Correction,
    Corrections,
    Evidence,
    MediaInfo,
    Mode,
    Segment,
    Source,
    Timeline,
    Window,
)
from tests.inference.timelines import fused
from webapp.pages.timeline.payload import MAX_COLUMNS, timeline_payload
from webapp.pages.timeline.tiers import build_tiers, corrected_tier_layout, total_height

LABELS = ("neutral", "happy")


def timeline(duration_s: float = 10.0, *, eeg: bool = False) -> Timeline:
    windows = [Window(0.0, duration_s, Source.AUDIO_VIDEO, (0.0, 0.0), (0.25, 0.75), 0.98, 0.5)]
    if eeg:
        windows.append(Window(0.0, duration_s / 2, Source.EEG, (0.0, 0.0), (0.9, 0.1), 0.0, 0.0))
    half = duration_s / 2
    cut = (
        Segment(0.0, half, "happy", 0.754, {"neutral": 0.246, "happy": 0.754}, Evidence(1.0, 0.5, float(eeg))),
        Segment(half, duration_s, UNDETERMINED, 0.0, {"neutral": 0.0, "happy": 0.0}, Evidence(0.0, 0.0, 0.0)),
    )
    media = MediaInfo(duration_s, 640, 480, 25.0, True, True, "0" * 64)
    return Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, tuple(windows), cut, "")


def alone(found: Timeline) -> dict[Source, np.ndarray]:
    return {source: source_labels_on_grid(found, source) for source in {window.source for window in found.windows}}


def test_eeg_has_a_lane_where_it_was_recorded() -> None:
    without, with_eeg = timeline(), timeline(eeg=True)
    names = [tier.name for tier in build_tiers(with_eeg, alone(with_eeg))]
    assert names.index("Audio and video alone") + 1 == names.index("EEG alone")
    assert not [tier.name for tier in build_tiers(without, alone(without)) if "EEG" in tier.name]


def test_lanes_stand_one_below_the_other() -> None:
    found = timeline(eeg=True)
    stack = build_tiers(found, alone(found))
    assert all(lower.name_baseline > upper.bottom for upper, lower in pairwise(stack))
    assert total_height(stack) > stack[-1].bottom


def test_equal_cells_become_one_run_and_uncovered_ones_none() -> None:
    path = np.array([1, 1, 0, UNCOVERED, UNCOVERED, 2])
    assert label_runs(path, 1.1) == ((0.0, 0.4, 1), (0.4, 0.6, 0), (1.0, 1.1, 2))


def test_the_numbers_handed_over_are_those_of_the_timeline() -> None:
    found = timeline(eeg=True)
    given = json.loads(json.dumps(timeline_payload(found, build_tiers(found, alone(found)))))
    assert given["duration_s"] == 10.0
    assert given["labels"] == ["neutral", "happy", UNDETERMINED]
    assert given["segments"] == {
        "start_s": [0.0, 5.0],
        "end_s": [5.0, 10.0],
        "label": [1, 2],
        "confidence": [75, 0],
        "face": [100, 0],
        "voice": [50, 0],
        "eeg": [100, 0],
        "unimodal": {},
        "dimensions": {
            "valence": {"level": ["positive", UNDETERMINED], "probability": [75, 0]},
            "arousal": {"level": ["high", UNDETERMINED], "probability": [75, 0]},
        },
        "warning": ["", ""],
        "reason": ["", "Neither face nor voice"],
    }
    of = {tier["name"]: tier["runs"] for tier in given["tiers"]}
    assert of["Audio and video alone"] == {"start_s": [0.0], "end_s": [10.0], "value": [1]}
    assert of["EEG alone"] == {"start_s": [0.0], "end_s": [5.0], "value": [0]}
    assert of["Face seen"] == {"start_s": [0.0], "end_s": [10.0], "value": [1.0]}
    assert of["Voice heard"] == {"start_s": [0.0], "end_s": [10.0], "value": [0.5]}
    assert given["chart"][0] == [25, 75]
    assert given["chart"][-1] == []


def test_what_each_modality_says_is_handed_over() -> None:
    found = fused()
    unimodal = timeline_payload(found, build_tiers(found, alone(found)))["segments"]["unimodal"]
    first = {name: (said["label"][0], said["probability"][0]) for name, said in unimodal.items()}
    assert first == {"face": (2, 50), "voice": (1, 80), "EEG": (2, 70), "audio and video": (1, 80)}
    assert list(first) == ["face", "voice", "EEG", "audio and video"]
    assert [name for name, said in unimodal.items() if said["label"][2] is not None] == ["EEG"]
    assert {said["label"][-1] for said in unimodal.values()} == {None}


def test_the_chart_of_two_hours_is_coarser_not_larger() -> None:
    found = timeline(7200.0)
    given = timeline_payload(found, build_tiers(found, alone(found)))
    assert len(given["chart"]) == MAX_COLUMNS


def test_the_lane_of_a_person_stands_where_the_page_makes_room_for_it() -> None:
    found = timeline()
    own = (Correction(0.0, 2.0, UNDETERMINED), Correction(2.0, 10.0, "neutral"))
    before = build_tiers(found, alone(found))
    after = build_tiers(replace(found, corrections=Corrections(1, "somebody", "", own)), alone(found))
    layout = corrected_tier_layout()
    assert [after[1].name, after[1].kind, after[1].top, after[1].height] == list(layout[:4])
    assert list(after[1].runs) == [(0.0, 2.0, 2), (2.0, 10.0, 0)]
    assert [tier.top + layout.inserted_height for tier in before[1:]] == [tier.top for tier in after[2:]]
    assert total_height(after) == total_height(before) + layout.inserted_height
