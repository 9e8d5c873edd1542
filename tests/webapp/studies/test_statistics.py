"""Comparisons of conditions: their numbers, who is in them, and what is refused."""

import json
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.webapp.studies.study_values import MEASURE, basis, observation, observations, simulated
from webapp.studies.statistics.compare import SEED, Observation, compare
from webapp.studies.statistics.effect_size import RESAMPLES, cohens_dz, hedges_g
from webapp.studies.statistics.errors import Refusal, RefusedError
from webapp.studies.statistics.results import ComparisonResult, MeasureResult, decode, encode

HIGH, MIDDLE, LOW = [0.61, 0.52, 0.7, 0.55, 0.64], [0.41, 0.5, 0.45, 0.58, 0.39], [0.3, 0.35, 0.5, 0.41, 0.2]


def one(found: ComparisonResult) -> MeasureResult:
    (measure,) = found.measures
    return measure


def frame(values: list[Observation]) -> pd.DataFrame:
    return pd.DataFrame(
        {"who": each.participant, "level": each.level, "value": each.values[MEASURE], "age": each.covariate}
        for each in values
    )


@pytest.mark.parametrize("paired", [False, True])
def test_two_conditions_are_as_scipy_has_them(paired: bool) -> None:
    found = one(compare(observations({"a": HIGH, "b": MIDDLE}, paired=paired), [MEASURE], basis(paired=paired)))
    expected = stats.permutation_test(
        (HIGH, MIDDLE),
        lambda a, b: np.mean(a) - np.mean(b),
        permutation_type="samples" if paired else "independent",
        n_resamples=np.inf,
    )
    assert found.test.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.test.value == pytest.approx(expected.statistic, abs=1e-9)
    assert found.test.exact and found.test.resamples == (2**5 if paired else 252)
    (pair,) = found.pairs
    data = (np.subtract(HIGH, MIDDLE),) if paired else (np.array(HIGH), np.array(MIDDLE))
    interval = stats.bootstrap(
        data, cohens_dz if paired else hedges_g, n_resamples=RESAMPLES, rng=np.random.default_rng(SEED)
    ).confidence_interval
    assert (pair.effect.low, pair.effect.high) == pytest.approx(tuple(interval), abs=1e-9)


def test_effect_sizes_are_those_of_the_literature() -> None:
    a, b = np.array(HIGH), np.array(MIDDLE)
    pooled = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert hedges_g(a, b, axis=-1) == pytest.approx((a - b).mean() / pooled * (1 - 3 / (4 * 8 - 1)), rel=1e-3)
    t = stats.ttest_rel(a, b).statistic
    assert cohens_dz(a - b, axis=-1) == pytest.approx(t / np.sqrt(5))


@pytest.mark.slow
def test_three_conditions_have_the_f_of_the_analysis_of_variance() -> None:
    found = one(
        compare(observations({"a": HIGH, "b": MIDDLE, "c": LOW}, paired=False), [MEASURE], basis("a", "b", "c"))
    )
    assert found.test.statistic == "F"
    assert found.test.value == pytest.approx(stats.f_oneway(HIGH, MIDDLE, LOW).statistic, abs=1e-9)
    assert not found.test.exact
    assert found.test.p < 0.02
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    raw = [pair.test.p for pair in found.pairs]
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(multipletests(raw, method="holm")[1])


def test_three_paired_conditions_have_the_f_of_repeated_measures() -> None:
    from statsmodels.stats.anova import AnovaRM

    rows = observations({"a": HIGH, "b": MIDDLE, "c": LOW}, paired=True)
    found = one(compare(rows, [MEASURE], basis("a", "b", "c", paired=True)))
    table = AnovaRM(frame(rows), "value", "who", within=["level"]).fit().anova_table
    assert found.test.value == pytest.approx(float(table["F Value"].iloc[0]), abs=1e-9)
    assert found.test.exact and found.test.resamples == 6**5
    # Within participants F grows with the squares of the conditions' sums.
    orders = product(*(permutations(values) for values in zip(HIGH, MIDDLE, LOW, strict=True)))
    squares = np.array([np.square(np.sum(order, axis=0)).sum() for order in orders])
    assert found.test.p == pytest.approx(np.mean(squares >= squares[0] - 1e-9), abs=1e-9)


def test_values_are_averaged_within_a_participant_first() -> None:
    rows = simulated(3, effect=1.0)
    found = one(compare(rows, [MEASURE], basis()))
    means = frame(rows).groupby(["level", "who"])["value"].mean()
    assert {(dot.level, dot.participant): dot.value for dot in found.dots} == pytest.approx(means.to_dict())
    assert [level.participants for level in found.levels] == [6, 6]
    assert [level.observations for level in found.levels] == [12, 12]
    assert [level.mean for level in found.levels] == pytest.approx(means.groupby("level").mean().tolist(), abs=1e-9)
    assert [level.sd for level in found.levels] == pytest.approx(means.groupby("level").std().tolist(), abs=1e-9)


def test_an_unbalanced_design_has_a_mixed_model_as_statsmodels_fits_it() -> None:
    rows = [*simulated(5, effect=1.0), observation("P00", "a", 0.5, 2), observation("P03", "b", 0.45, 2)]
    found = one(compare(rows, [MEASURE], basis())).mixed_model
    assert found is not None and found.converged and (found.observations, found.participants) == (26, 12)
    expected = smf.mixedlm("value ~ C(level)", frame(rows), groups="who").fit()
    assert [term.estimate for term in found.terms] == pytest.approx(expected.fe_params.tolist(), abs=1e-6)
    assert [term.se for term in found.terms] == pytest.approx(expected.bse_fe.tolist(), abs=1e-6)
    assert [term.name for term in found.terms] == ["intercept", "condition: b"]
    assert one(compare(simulated(5, effect=1.0), [MEASURE], basis())).mixed_model is None


def test_a_covariate_is_in_the_mixed_model_and_without_repetitions_there_is_none() -> None:
    ages = {f"P{number:02}": 20.0 + number for number in range(12)}
    rows = [
        observation(each.participant, each.level, each.values[MEASURE], number, ages[each.participant])
        for number, each in enumerate(simulated(6, effect=1.0))
    ]
    found = one(compare(rows, [MEASURE], basis(covariate="age"))).mixed_model
    assert found is not None and [term.name for term in found.terms] == ["intercept", "condition: b", "age"]
    expected = smf.mixedlm("value ~ C(level) + age", frame(rows), groups="who").fit()
    assert found.terms[2].estimate == pytest.approx(expected.fe_params["age"], abs=1e-6)
    single = one(compare(rows[::2], [MEASURE], basis(covariate="age"))).mixed_model
    assert single is not None and not single.converged and not single.terms and "one observation" in single.note


def test_p_values_are_adjusted_over_measures() -> None:
    rows = observations({"a": HIGH, "b": MIDDLE}, paired=False)
    for number, each in enumerate(rows):
        each.values["valence"] = number % 3 / 10
        each.values["arousal"] = each.values[MEASURE] + (0.1 if number in (1, 8) else 0.0)
    found = compare(rows, [MEASURE, "valence", "arousal"], basis())
    raw = [measure.test.p for measure in found.measures]
    adjusted = [measure.p_holm for measure in found.measures]
    assert adjusted == pytest.approx(multipletests(raw, method="holm")[1])
    assert adjusted != pytest.approx(multipletests(raw, method="bonferroni")[1])


def test_paired_participants_without_one_condition_are_left_out_and_named() -> None:
    rows = observations({"a": HIGH, "b": MIDDLE[:4]}, paired=True)
    found = compare(rows, [MEASURE], basis(paired=True))
    assert found.participants == 4
    assert [(each.name, each.reason, each.measure) for each in found.left_out] == [("P04", "No value in 'b'", "")]


def test_a_value_that_is_missing_from_one_measure_is_named_with_it() -> None:
    rows = observations({"a": HIGH, "b": MIDDLE}, paired=False)
    for each in rows[1:]:
        each.values["latency_happy_s"] = 1.0
    found = compare(rows, [MEASURE, "latency_happy_s"], basis())
    assert [(each.name, each.reason, each.measure) for each in found.left_out] == [
        ("a00", "No value", "latency_happy_s")
    ]


@pytest.mark.parametrize(
    ("rows", "levels", "paired", "code", "named"),
    [
        (
            observations({"a": HIGH, "b": MIDDLE[:1]}, paired=False),
            ("a", "b"),
            False,
            Refusal.TOO_FEW,
            "1 participant ",
        ),
        (observations({"a": HIGH}, paired=False), ("a",), False, Refusal.LEVELS, "'condition'"),
        (observations({"a": HIGH, "b": MIDDLE}, paired=True), ("a", "b"), False, Refusal.BOTH_LEVELS, "P00, P01"),
        (observations({"a": HIGH, "b": []}, paired=True), ("a", "b"), True, Refusal.TOO_FEW, "'a'"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    rows: list[Observation], levels: tuple[str, ...], paired: bool, code: Refusal, named: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        compare(rows, [MEASURE], basis(*levels, paired=paired))
    assert refused.value.code == code
    assert named in refused.value.message and refused.value.message.endswith(".")


def test_equal_values_differ_nowhere() -> None:
    for levels in (("a", "b"), ("a", "b", "c")):
        rows = observations({level: [0.5] * 3 for level in levels}, paired=True)
        found = one(compare(rows, [MEASURE], basis(*levels, paired=True)))
        assert found.test.p == 1
        assert found.pairs[0].effect.value == 0
        assert found.pairs[0].effect.low is None


@pytest.mark.parametrize("paired", [False, True])
def test_conditions_without_spread_within_have_no_f_and_no_effect_size(paired: bool) -> None:
    rows = observations({"a": [0.7] * 3, "b": [0.4] * 3, "c": [0.1] * 3}, paired=paired)
    found = compare(rows, [MEASURE], basis("a", "b", "c", paired=paired))
    assert one(found).test.value is None
    assert one(found).test.p == pytest.approx(6 / (6**3 if paired else 1680))
    assert {pair.effect.value for pair in one(found).pairs} == {None}
    assert decode(json.loads(json.dumps(encode(found), allow_nan=False))) == found


def test_rounding_is_no_difference() -> None:
    rows = observations({"a": [0.1 + 0.2, 0.3, 0.3], "b": [0.3] * 3, "c": [0.3, 0.3, 0.1 + 0.2]}, paired=True)
    found = one(compare(rows, [MEASURE], basis("a", "b", "c", paired=True)))
    assert (found.test.value, found.test.p) == (0, 1)
    assert {pair.effect.value for pair in found.pairs} == {0}


@pytest.mark.parametrize("covariate", [30.0, 1e300])
def test_a_mixed_model_of_constant_values_is_json(covariate: float) -> None:
    rows = [
        observation(f"{level}{number}", level, 0.5, session, covariate)
        for level in "ab"
        for number in range(3)
        for session in range(2)
    ]
    found = compare(rows, [MEASURE], basis(covariate="age"))
    model = one(found).mixed_model
    assert model is not None and not model.converged and "did not converge" in model.note
    json.dumps(encode(found), allow_nan=False)


def test_a_result_is_json_and_comes_back() -> None:
    found = compare(simulated(5, effect=1.0), [MEASURE], basis(), left_out=())
    assert decode(json.loads(json.dumps(encode(found), allow_nan=False))) == found
    with pytest.raises(ValueError, match="not emotrace"):
        decode(encode(found) | {"schema": "emotrace.comparison/0"})


def test_the_methods_name_versions_and_the_notice() -> None:
    found = compare(simulated(5, effect=1.0), [MEASURE], basis())
    for words in ("a-model, version 2", "Emotrace 1.0.0", f"SciPy {stats.__name__ and found.software['scipy']}"):
        assert words in found.methods
    assert "all 924 permutations" in found.methods and "Hedges' g" in found.methods
    assert found.methods.endswith("An estimate.")


@pytest.mark.slow
@pytest.mark.parametrize("paired", [False, True])
def test_a_planted_difference_is_found_and_none_where_there_is_none(paired: bool) -> None:
    def p_values(effect: float) -> list[float]:
        return [
            one(
                compare(simulated(seed, effect=effect, paired=paired), [MEASURE], basis(paired=paired), seed=seed)
            ).test.p
            for seed in range(20)
        ]

    assert max(p_values(3.0)) < 0.05
    false = sum(p < 0.05 for p in p_values(0.0))
    assert false <= stats.binom.ppf(0.99, 20, 0.05)
