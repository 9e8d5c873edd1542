"""Two timelines of one recording, compared."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from inference.timeline import comparison as comparisons
from inference.timeline.comparison import Comparison, compare
from inference.types import UNDETERMINED, Evidence, MediaInfo, Mode, ModelUsed, Segment, Timeline
from webapp.pages.timeline.comparison_context import comparison_context

FIVE = ("neutral", "sad", "angry", "happy", "calm")
EIGHT = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")


def timeline(labels: tuple[str, ...], edges_s: list[float], cut: list[str]) -> Timeline:
    segments = tuple(
        Segment(start, end, label, 0.8, {}, Evidence(1.0, 1.0, 0.0))
        for (start, end), label in zip(pairwise(edges_s), cut, strict=True)
    )
    media = MediaInfo(edges_s[-1], 640, 480, 25.0, True, True, "0" * 64)
    used = (ModelUsed("model", "1", "0" * 64, labels),)
    return Timeline(Mode.AUDIO_VIDEO, media, used, labels, (), segments, "")


def drawn(labels: tuple[str, ...], seed: int) -> Timeline:
    """Labels and edges by chance, over 60 s."""
    chance = np.random.default_rng(seed)
    edges = np.concatenate(([0.0], np.sort(chance.uniform(0, 60, 40)).round(3), [60.0])).tolist()
    return timeline(labels, edges, chance.choice([*labels, UNDETERMINED], len(edges) - 1).tolist())


def agreed(found: Comparison) -> tuple[float, float | None]:
    assert found.agreement is not None
    return found.agreement.observed, found.agreement.kappa


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("labels", [(FIVE, FIVE), (FIVE, EIGHT), (EIGHT, FIVE)])
def test_kappa_is_that_of_scikit_learn(labels: tuple[tuple[str, ...], tuple[str, ...]], seed: int) -> None:
    found = compare(drawn(labels[0], seed), drawn(labels[1], 100 + seed))
    both = [each for each in found.pairs if {each.first, each.second} <= set(found.common)]
    one, other, weights = (
        [each.first for each in both],
        [each.second for each in both],
        [each.seconds for each in both],
    )
    same, kappa = agreed(found)
    assert kappa == pytest.approx(cohen_kappa_score(one, other, sample_weight=weights))
    assert same == pytest.approx(np.average(np.array(one) == np.array(other), weights=weights))


def test_the_table_counts_seconds() -> None:
    one = timeline(FIVE, [0, 4, 10], ["happy", "sad"])
    other = timeline(FIVE, [0, 1.5, 10], ["happy", "sad"])
    found = compare(one, other)
    seconds = {
        (row.label, label): s for row in found.confusion for label, s in zip(found.common, row.seconds, strict=True)
    }
    assert {key: value for key, value in seconds.items() if value} == {
        ("happy", "happy"): 1.5,
        ("happy", "sad"): 2.5,
        ("sad", "sad"): 6.0,
    }
    assert agreed(found)[0] == pytest.approx(0.75)
    assert [tuple(each) for each in found.differences] == [(1.5, 4, "happy", "sad")]


def test_labels_that_one_does_not_know_are_excluded_and_told() -> None:
    one = timeline(FIVE, [0, 4, 7, 10], ["happy", "sad", UNDETERMINED])
    other = timeline(EIGHT, [0, 1, 10], ["surprised", "happy"])
    found = compare(one, other)
    assert set(found.common) == set(FIVE)
    assert found.excluded.only_first == ()
    assert found.excluded.only_second == ("fearful", "disgust", "surprised")
    assert (found.excluded.unknown_s, found.excluded.undetermined_s) == (1.0, 3.0)
    assert found.agreement is not None
    assert found.agreement.seconds == pytest.approx(6.0)
    assert agreed(found)[0] == pytest.approx(0.5)
    assert [each.start_s for each in found.differences] == [0, 4, 7]


def test_no_common_moment_is_no_agreement() -> None:
    found = compare(timeline(("happy",), [0, 5], ["happy"]), timeline(("sad",), [0, 5], ["sad"]))
    assert (found.common, found.confusion, found.agreement) == ((), (), None)


def test_stretches_tile_the_recording_and_do_not_repeat_themselves() -> None:
    one = timeline(FIVE, [0, 2, 4, 6], ["happy", "happy", "sad"])
    other = timeline(FIVE, [0, 3, 6], ["calm", "calm"])
    assert [tuple(each) for each in compare(one, other).pairs] == [(0, 4, "happy", "calm"), (4, 6, "sad", "calm")]


def test_of_many_differences_the_longest_are_listed_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "MAX_LISTED", 2)
    one = timeline(FIVE, [0, 3, 4, 9, 10], ["happy", "sad", "happy", "calm"])
    found = compare(one, timeline(FIVE, [0, 10], ["angry"]))
    assert len(found.differences) == 4
    assert [each.start_s for each in found.listed] == [0, 4]


def test_both_lanes_and_what_the_scripts_get_have_one_set_of_labels() -> None:
    one, other = timeline(FIVE, [0, 10], ["calm"]), timeline(EIGHT, [0, 4, 10], ["fearful", "calm"])
    page = comparison_context(one, other, ("A", "B"))
    labels, handed = page["labels"], page["payload"]
    assert set(labels) == {*EIGHT, UNDETERMINED}
    assert labels[-1] == UNDETERMINED
    pairs = zip(handed["pairs"]["first"], handed["pairs"]["second"], strict=True)
    assert [labels[a] + labels[b] for a, b in pairs] == ["calmfearful", "calmcalm"]
    first, second, differ = (tier["runs"] for tier in handed["tiers"])
    assert [[labels[int(value)] for value in runs["value"]] for runs in (first, second)] == [
        ["calm"],
        ["fearful", "calm"],
    ]
    assert differ == {"start_s": [0], "end_s": [4], "value": [1.0]}
