"""Levels of a rating on the scale of 1 to 9 that DEAP and MAHNOB-HCI use, as the literature cuts it.

DEAP's ratings are continuous. MERCL (Lee, Kim and Kim 2024) prints its levels for whole numbers and leaves what lies
between two of them undefined, such as 5.5; here each level begins where the printed one does and reaches to the next.
"""

import math

from training.errors import DatasetError

LOWEST, HIGHEST = 1.0, 9.0
THRESHOLD = 5.0
TWO = ("low", "high")
THREE = ("low", "neutral", "high")
FOUR = (
    "low valence, low arousal",
    "low valence, high arousal",
    "high valence, low arousal",
    "high valence, high arousal",
)


def parse_rating(where: str, name: str, text: str) -> float:
    """The rating called `name` in a file; `where` begins the message. Raises DatasetError for a text that is none."""
    try:
        rating = float(text)
    except ValueError as error:
        raise DatasetError(f"{where}: {name} is {text!r}, expected a number") from error
    if not LOWEST <= rating <= HIGHEST:
        raise DatasetError(f"{where}: {name} is {text}, expected {LOWEST:g} to {HIGHEST:g}")
    return rating


def two_levels(rating: float, threshold: float = THRESHOLD) -> int:
    """0 for a rating below the threshold, else 1 (DeepVANet; Zhang et al. 2021).

    MERCL prints low as 1 to 5 and high as 6 to 9: a rating of exactly 5 is low there, and high here.
    """
    return int(_checked(rating) >= threshold)


def three_levels(rating: float) -> int:
    """0 below 4, 1 below 7, else 2.

    MERCL prints 1 to 3, 4 to 6 and 7 to 9, and swaps the words "activated" and "deactivated" for arousal; here the
    highest level is that of the highest ratings in every dimension.
    """
    return int(_checked(rating) >= 4) + int(rating >= 7)


def four_levels(valence: float, arousal: float, threshold: float = THRESHOLD) -> int:
    """The quadrant of valence and arousal, an index of `FOUR`.

    MERCL prints a score for four levels without their bounds; quadrants are the literature's usual reading.
    """
    return 2 * two_levels(valence, threshold) + two_levels(arousal, threshold)


def _checked(rating: float) -> float:
    """Raise DatasetError for a rating that is none."""
    if not (math.isfinite(rating) and LOWEST <= rating <= HIGHEST):
        raise DatasetError(f"rating {rating}: not between {LOWEST:g} and {HIGHEST:g}")
    return rating
