"""What a system learns of a trial: labels, dimensions, and the levels of ratings."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.training.corpora import corpus
from training.data.corpus import Corpus
from training.data.targets import NAMES, targets
from training.errors import DatasetError


def rated(*ratings: Mapping[str, float]) -> Corpus:
    made = corpus([1])
    trials = [replace(trial, label=None, ratings=each) for trial, each in zip(made.trials, ratings, strict=False)]
    return replace(made, trials=tuple(trials), labels=())


def test_labels_are_indices_in_the_order_of_the_corpus() -> None:
    found = targets(corpus([1, 2]), "labels")
    assert (found.kind, found.names) == ("labels", ("calm", "angry"))
    assert found.values.tolist() == [0, 1, 0, 1] * 2


def test_a_dimension_is_high_from_the_threshold_on_and_nan_where_it_was_not_rated() -> None:
    data = rated({"arousal": 4.9, "liking": 2}, {"valence": 5.0, "arousal": 9}, {"valence": 1})
    found = targets(data, "dimensions")
    assert (found.kind, found.names) == ("dimensions", ("valence", "arousal"))
    np.testing.assert_array_equal(found.values, np.array([[np.nan, 0], [1, 1], [0, np.nan]], np.float32))
    assert targets(replace(data, threshold=6.0), "dimensions").values[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "levels"),
    [("valence-2", [0, 1, 1]), ("valence-3", [0, 1, 2]), ("arousal-3", [2, 0, 1]), ("quadrants", [1, 2, 3])],
)
def test_levels_of_ratings_are_labels(name: str, levels: list[int]) -> None:
    data = rated({"valence": 2, "arousal": 8}, {"valence": 5, "arousal": 3.9}, {"valence": 7, "arousal": 6.9})
    found = targets(data, name)
    assert name in NAMES and found.kind == "labels" and len(found.names) == {"2": 2, "3": 3, "s": 4}[name[-1]]
    assert found.values.tolist() == levels


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (rated({"valence": 5}), "labels", "made up: has ratings and no labels"),
        (rated({"liking": 5}), "dimensions", "made up: none of valence, arousal, dominance is rated"),
        (rated({"valence": 5}, {"arousal": 5}), "valence-2", "trial 2 of subject 1: valence was not rated"),
        (rated({"valence": 5}), "quadrants", "trial 1 of subject 1: arousal was not rated"),
        (rated({"valence": 0.5}), "valence-2", "rating 0.5"),
        (rated({"valence": 5}), "valence-4", "valence-4: no such target, have labels, dimensions"),
        (replace(corpus([1]), labels=("calm",)), "labels", r"trial 2 of subject 1: its label is angry, not of \('calm"),
        (replace(rated({}), labels=("calm",)), "labels", "its label is None"),
    ],
)
def test_what_cannot_be_learned_is_named(data: Corpus, name: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said) as refusal:
        targets(data, name)
    assert "\n" not in str(refusal.value)
