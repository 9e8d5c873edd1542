"""Compares conditions: averages within participants, then tests each measure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations, product

import numpy as np
from msgspec.structs import replace

from inference.timeline.arrays import Floats
from webapp.studies.measure_names import measure_name
from webapp.studies.statistics.effect_size import effect_size
from webapp.studies.statistics.errors import Refusal, RefusedError
from webapp.studies.statistics.methods_paragraph import methods_paragraph
from webapp.studies.statistics.mixed_model import ModelData, fit_mixed_model
from webapp.studies.statistics.permutation import permutation_test
from webapp.studies.statistics.results import (
    Basis,
    ComparisonResult,
    Dot,
    LeftOut,
    LevelSummary,
    MeasureResult,
    MixedModel,
    Pair,
    PermutationTest,
    Source,
)

SEED = 20_260_101
MIN_PARTICIPANTS = 2  # in each condition
_SOFTWARE = ("scipy", "statsmodels", "numpy")


@dataclass(frozen=True)
class Observation:
    """The measures of one recording or marker in one condition.

    `values` has {measure: value}, `moments` {measure: seconds of the recording} of those that are about a moment. What
    cannot be said is left out of both. The values are relative to a baseline in `baseline_recordings`, if any.
    """

    participant: str
    recording: str
    level: str
    start_s: float
    end_s: float
    values: dict[str, float]
    moments: dict[str, float]
    covariate: float | None = None
    baseline_recordings: tuple[str, ...] = ()


_ByParticipant = dict[str, dict[str, list[Observation]]]
"""Observations of each participant in each condition."""


def compare(
    observations: Sequence[Observation],
    measures: Sequence[str],
    basis: Basis,
    *,
    left_out: Sequence[LeftOut] = (),
    seed: int = SEED,
) -> ComparisonResult:
    """Compare the conditions `basis.levels` in each of the measures.

    Values are averaged within a participant and condition first. Paired, participants without a value in one of the
    conditions are left out. p values are adjusted over the measures by Holm's method (1979, Scand. J. Stat. 6(2)).
    Raises RefusedError(LEVELS | TOO_FEW | BOTH_LEVELS).
    """
    if len(basis.levels) < 2:
        raise RefusedError(
            Refusal.LEVELS, f"{basis.factor!r} has one condition here. Two or more are needed to compare."
        )
    ordered = sorted(observations, key=lambda one: (one.participant, one.recording, one.start_s))
    if not basis.paired:
        _refuse_both_levels(ordered, basis)
    results, missing = [], list(left_out)
    for measure in measures:
        people, incomplete = _complete(ordered, measure, basis)
        missing += incomplete
        _refuse_too_few(people, measure, basis)
        results.append(_compare_measure(people, measure, basis, seed))
    adjusted = _holm([result.test.p for result in results])
    results = [replace(result, p_holm=p) for result, p in zip(results, adjusted, strict=True)]
    found = ComparisonResult(
        basis=basis,
        participants=len({dot.participant for result in results for dot in result.dots}),
        measures=tuple(results),
        left_out=tuple(_merged(missing, measures)),
        seed=seed,
        software={name: version(name) for name in _SOFTWARE},
        methods="",
    )
    return replace(found, methods=methods_paragraph(found))


def _refuse_both_levels(observations: Sequence[Observation], basis: Basis) -> None:
    levels = defaultdict(set)
    for one in observations:
        levels[one.participant].add(one.level)
    both = sorted(participant for participant, found in levels.items() if len(found) > 1)
    if both:
        named = ", ".join(both[:5]) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
        raise RefusedError(
            Refusal.BOTH_LEVELS,
            f"In more than one condition of {basis.factor!r}: {named}. Compare it as paired, or correct the values.",
        )


def _refuse_too_few(people: _ByParticipant, measure: str, basis: Basis) -> None:
    for level in basis.levels:
        count = sum(level in own for own in people.values())
        if count < MIN_PARTICIPANTS:
            both = " that are in every condition" if basis.paired else ""
            name = measure_name(measure).lower()
            raise RefusedError(
                Refusal.TOO_FEW,
                f"{basis.factor!r} has {count} participant{'' if count == 1 else 's'} with {name} in {level!r}"
                f"{both}. {MIN_PARTICIPANTS} or more are needed in each condition.",
            )


def _complete(observations: Sequence[Observation], measure: str, basis: Basis) -> tuple[_ByParticipant, list[LeftOut]]:
    """Group the observations that have the measure; paired, only those of participants in every condition."""
    people: _ByParticipant = {}
    for one in observations:
        people.setdefault(one.participant, {})
        if one.level in basis.levels and measure in one.values:
            people[one.participant].setdefault(one.level, []).append(one)
    missing = []
    for participant, own in list(people.items()):
        absent = [level for level in basis.levels if level not in own]
        if not own or (basis.paired and absent):
            where = f" in {', '.join(map(repr, absent))}" if own else ""
            missing.append(LeftOut(name=participant, reason=f"No value{where}", measure=measure))
            del people[participant]
    return people, missing


def _merged(missing: Sequence[LeftOut], measures: Sequence[str]) -> list[LeftOut]:
    """Say once what is missing from every measure."""
    counts = Counter((one.name, one.reason) for one in missing if one.measure)
    merged: dict[tuple[str, str, str], LeftOut] = {}
    for one in missing:
        everywhere = counts[one.name, one.reason] == len(measures)
        found = LeftOut(name=one.name, reason=one.reason, measure="" if everywhere else one.measure)
        merged.setdefault((found.name, found.reason, found.measure), found)
    return list(merged.values())


def _compare_measure(people: _ByParticipant, measure: str, basis: Basis, seed: int) -> MeasureResult:
    dots = [
        Dot(
            participant=participant,
            level=level,
            value=float(np.mean([source.value for source in sources])),
            sources=sources,
        )
        for level in basis.levels
        for participant, own in people.items()
        if level in own
        for sources in [tuple(_source(one, measure) for one in own[level])]
    ]
    samples = {level: np.array([dot.value for dot in dots if dot.level == level]) for level in basis.levels}
    test = permutation_test(list(samples.values()), paired=basis.paired, seed=seed)
    return MeasureResult(
        measure=measure,
        levels=tuple(
            LevelSummary(
                level=level,
                participants=len(sample),
                observations=sum(len(dot.sources) for dot in dots if dot.level == level),
                mean=float(sample.mean()),
                sd=float(sample.std(ddof=1)),
            )
            for level, sample in samples.items()
        ),
        dots=tuple(dots),
        test=test,
        p_holm=test.p,
        pairs=_pairs(samples, test, paired=basis.paired, seed=seed),
        mixed_model=_mixed_model(people, measure, basis),
    )


def _pairs(samples: dict[str, Floats], test: PermutationTest, *, paired: bool, seed: int) -> tuple[Pair, ...]:
    """Compare each two conditions; where there are two, `test` has done so."""
    named = list(combinations(samples, 2))
    tests = (
        [test]
        if len(named) == 1
        else [permutation_test([samples[a], samples[b]], paired=paired, seed=seed) for a, b in named]
    )
    return tuple(
        Pair(
            first=a,
            second=b,
            difference=float(samples[a].mean() - samples[b].mean()),
            test=test,
            p_holm=p,
            effect=effect_size(samples[a], samples[b], paired=paired, seed=seed),
        )
        for (a, b), test, p in zip(named, tests, _holm([test.p for test in tests]), strict=True)
    )


def _mixed_model(people: _ByParticipant, measure: str, basis: Basis) -> MixedModel | None:
    """Fit one where participants have different numbers of observations, or there is a covariate."""
    cells = {len(own.get(level, ())) for own in people.values() for level in (basis.levels if basis.paired else own)}
    if len(cells) == 1 and not basis.covariate:
        return None
    rows = [one for own, level in product(people.values(), basis.levels) for one in own.get(level, ())]
    rows = [one for one in rows if not basis.covariate or one.covariate is not None]
    data = ModelData(
        values=np.array([one.values[measure] for one in rows]),
        levels=[basis.levels.index(one.level) for one in rows],
        participants=[one.participant for one in rows],
        covariate=np.array([one.covariate for one in rows], dtype=float) if basis.covariate else None,
    )
    return fit_mixed_model(data, basis.levels, factor=basis.factor, covariate=basis.covariate)


def _source(one: Observation, measure: str) -> Source:
    return Source(
        recording=one.recording,
        start_s=one.start_s,
        end_s=one.end_s,
        value=one.values[measure],
        moment_s=one.moments.get(measure),
        baseline_recordings=one.baseline_recordings,
    )


def _holm(p_values: list[float]) -> list[float]:
    if len(p_values) == 1:  # nothing to adjust, and the library collects garbage at each call
        return p_values
    from statsmodels.stats.multitest import multipletests

    adjusted: list[float] = multipletests(p_values, method="holm")[1].tolist()
    return adjusted
