"""Valence and arousal of a prediction: the probabilities of its emotions, added by level.

The levels are the poles of Russell's circumplex (1980, J. Pers. Soc. Psychol. 39(6)): whether an emotion is pleasant,
and whether it is activated. Two labels have a neutral valence besides neutral itself. Surprise is pleasant or
unpleasant by what it is about (Noordewier and Breugelmans, 2013, Cogn. Emot. 27(7)). Calm is a second baseline in the
speech that the models learn from (Livingstone and Russo, 2018, PLoS ONE 13(5)).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inference.types import UNDETERMINED


@dataclass(frozen=True)
class DimensionPrediction:
    """The most probable level of a dimension, or UNDETERMINED; its confidence, and the probability of each level."""

    label: str
    confidence: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Dimension:
    """A scale of `levels`, and the level of each emotion."""

    name: str
    levels: tuple[str, ...]
    level_of: Mapping[str, str]

    def predict(self, probabilities: Mapping[str, float]) -> DimensionPrediction:
        """Add the probabilities of the labels of each level. The labels are keys of `level_of`."""
        sums = dict.fromkeys(self.levels, 0.0)
        for label, probability in probabilities.items():
            sums[self.level_of[label]] += probability
        level = max(sums, key=lambda each: sums[each])
        return DimensionPrediction(level if sums[level] else UNDETERMINED, sums[level], sums)


VALENCE = Dimension(
    "valence",
    ("negative", "neutral", "positive"),
    {
        **dict.fromkeys(("sad", "angry", "fearful", "disgust"), "negative"),
        **dict.fromkeys(("neutral", "calm", "surprised"), "neutral"),
        "happy": "positive",
    },
)
AROUSAL = Dimension(
    "arousal",
    ("low", "high"),
    {
        **dict.fromkeys(("neutral", "calm", "sad"), "low"),
        **dict.fromkeys(("happy", "angry", "fearful", "disgust", "surprised"), "high"),
    },
)
DIMENSIONS = (VALENCE, AROUSAL)


def predict_dimensions(probabilities: Mapping[str, float]) -> dict[str, DimensionPrediction]:
    """Return {name: prediction} of each dimension; empty where a label of one's own model has no level."""
    if not all(label in dimension.level_of for dimension in DIMENSIONS for label in probabilities):
        return {}
    return {dimension.name: dimension.predict(probabilities) for dimension in DIMENSIONS}
