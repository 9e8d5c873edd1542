"""A neutral span that a person marks, and predictions relative to it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inference.errors import Code, InputError
from inference.export import WRITERS, decode_timeline
from inference.timeline.baseline import relative_probabilities, relative_timeline, with_baseline
from inference.timeline.segmentation import segment_windows
from inference.types import UNDETERMINED, MediaInfo, Mode, Source, Timeline, Window
from tests.inference.test_export_table import rows
from tests.inference.timelines import ABOUT, fused

LABELS = ("neutral", "happy", "sad")
REST, SMILE = (0.3, 0.1, 0.6), (0.25, 0.35, 0.4)  # a face that looks sad at rest, and smiles
DURATION_S, WINDOW_S, HOP_S, CHANGE_S = 36.0, 3.6, 0.72, 18.0


def timeline(seen: float = 1.0) -> Timeline:
    """Somebody who rests in the first half and smiles in the second; nobody from 30 s on."""
    starts = np.arange(0, DURATION_S - WINDOW_S + 1e-6, HOP_S).tolist()
    windows = []
    for start in starts:
        middle = start + WINDOW_S / 2
        shares = REST if middle < CHANGE_S else SMILE
        face = 0.0 if middle > 30 else seen
        windows.append(Window(start, start + WINDOW_S, Source.AUDIO_VIDEO, shares, shares, face, 0.0, {}))
    media = MediaInfo(DURATION_S, 64, 64, 25.0, True, False, "ab" * 32)
    segments = segment_windows(windows, LABELS, DURATION_S, HOP_S)
    return Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, tuple(windows), segments, "")


def test_in_the_span_itself_no_label_stands_out() -> None:
    log_odds = {label: float(np.log(share / (1 - share))) for label, share in zip(LABELS, REST, strict=True)}
    relative = relative_probabilities(dict(zip(LABELS, REST, strict=True)), log_odds)
    assert relative == pytest.approx(dict.fromkeys(LABELS, 1 / 3))


def test_what_differs_from_rest_stands_out() -> None:
    marked = with_baseline(timeline(), 2.0, 12.0)
    assert marked.baseline is not None
    assert marked.baseline.log_odds[Source.AUDIO_VIDEO] == pytest.approx(
        {label: np.log(share / (1 - share)) for label, share in zip(LABELS, REST, strict=True)}
    )
    relative = relative_timeline(marked)
    assert {segment.label for segment in timeline().segments} == {"sad", UNDETERMINED}
    late = next(window for window in relative.windows if window.start_s > CHANGE_S)
    odds = np.array(SMILE) / (1 - np.array(SMILE)) * (1 - np.array(REST)) / np.array(REST)
    assert late.probabilities == pytest.approx(odds / (1 + odds) / (odds / (1 + odds)).sum())
    assert LABELS[int(np.argmax(late.probabilities))] == "happy"
    assert sum(late.probabilities) == pytest.approx(1.0)
    assert relative.segments[-1] == marked.segments[-1]


def test_the_rest_of_a_timeline_stays() -> None:
    marked = with_baseline(timeline(), 2.0, 12.0)
    assert replace(marked, baseline=None) == timeline()


@pytest.mark.parametrize(
    ("start_s", "end_s", "code"),
    [
        (-1.0, 10.0, Code.BASELINE_RANGE),
        (10.0, 36.01, Code.BASELINE_RANGE),
        (10.0, 10.0, Code.BASELINE_RANGE),
        (float("nan"), 10.0, Code.BASELINE_RANGE),
        (10.0, 13.5, Code.BASELINE_SHORT),
        (32.0, 36.0, Code.BASELINE_UNDETERMINED),
    ],
)
def test_a_span_that_cannot_be_used_is_refused(start_s: float, end_s: float, code: Code) -> None:
    with pytest.raises(InputError) as refused:
        with_baseline(timeline(), start_s, end_s)
    assert refused.value.code == code
    assert "." in refused.value.message


def test_without_anybody_there_is_no_baseline() -> None:
    with pytest.raises(InputError, match="baseline_undetermined"):
        with_baseline(timeline(seen=0.0), 0.0, 36.0)


def test_a_span_of_one_window_is_enough_everywhere() -> None:
    recording = timeline()
    for start_s in np.arange(0, 26, 0.1).round(1).tolist():
        assert with_baseline(recording, start_s, start_s + WINDOW_S).baseline


def test_with_eeg_the_fused_trials_have_a_baseline_of_their_own() -> None:
    trial = Window(0.0, 20.0, Source.FUSION, (0.0,) * 3, (0.1, 0.2, 0.7), 0.5, 0.5)
    recording = replace(fused(), windows=(*fused().windows, trial))
    marked = with_baseline(recording, 0.0, 5.0)
    assert marked.baseline is not None and set(marked.baseline.log_odds) == {Source.AUDIO_VIDEO, Source.FUSION}
    first, *_, alone, undetermined = relative_timeline(marked).segments
    assert first.probabilities == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    assert alone.probabilities == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    assert undetermined == recording.segments[-1]


def test_result_json_and_csv_have_both() -> None:
    marked = with_baseline(timeline(), 2.0, 12.0)
    result = json.loads(WRITERS["json"].write(marked, ABOUT))
    assert set(result["baseline"]) == {"start_s", "end_s", "log_odds"}
    first, *_, last = result["segments"]
    assert (
        first["probabilities"] == json.loads(WRITERS["json"].write(timeline(), ABOUT))["segments"][0]["probabilities"]
    )
    assert sum(first["relative"].values()) == pytest.approx(1.0, abs=1e-5)
    assert "relative" not in last
    assert decode_timeline(result).baseline is not None
    cells = rows(WRITERS["csv"].write(marked, ABOUT))
    assert (cells[0]["relative_label"], cells[-1]["relative_label"]) == ("happy", "")
    assert float(cells[0]["relative_happy"]) == pytest.approx(first["relative"]["happy"], abs=1e-4)
    assert float(cells[0]["happy"]) == pytest.approx(first["probabilities"]["happy"], abs=1e-4)
    assert {row["relative_label"] for row in rows(WRITERS["csv"].write(timeline(), ABOUT))} == {""}
