"""Observations of simulated participants, for tests of statistics."""

from collections.abc import Mapping, Sequence

import numpy as np

from webapp.studies.statistics.compare import Observation
from webapp.studies.statistics.results import Basis

MEASURE = "mean_probability_happy"


def observation(
    participant: str, level: str, value: float, number: int = 0, covariate: float | None = None
) -> Observation:
    return Observation(
        participant=participant,
        recording=f"{participant}-{level}-{number}",
        level=level,
        start_s=0.0,
        end_s=10.0,
        values={MEASURE: value},
        moments={},
        covariate=covariate,
    )


def observations(values: Mapping[str, Sequence[float]], *, paired: bool) -> list[Observation]:
    """One observation of each participant in each level, or with other participants in each level."""
    return [
        observation(f"P{number:02}" if paired else f"{level}{number:02}", level, value)
        for level, own in values.items()
        for number, value in enumerate(own)
    ]


def simulated(
    seed: int, *, effect: float, participants: int = 12, levels: str = "ab", paired: bool = False
) -> list[Observation]:
    """Two observations of each participant in a level; the first level lies `effect` standard deviations above."""
    rng = np.random.default_rng(seed)
    people = rng.normal(0.4, 0.1, participants)
    found = []
    for index, level in enumerate(levels):
        for number in range(participants):
            if paired or number % len(levels) == index:
                centre = people[number] + (effect * 0.1 if index == 0 else 0.0) + rng.normal(0, 0.02)
                found += [
                    observation(f"P{number:02}", level, float(centre + rng.normal(0, 0.01)), each) for each in range(2)
                ]
    return found


def basis(*levels: str, paired: bool = False, covariate: str = "") -> Basis:
    return Basis(
        factor="condition",
        levels=levels or ("a", "b"),
        paired=paired,
        unit="recording",
        reader="machine",
        baseline=False,
        covariate=covariate,
        model="a-model",
        model_version="2",
        emotrace_version="1.0.0",
        notice="An estimate.",
    )
