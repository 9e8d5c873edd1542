"""The result of a comparison as plain data; what is stored with a saved one and what REST answers."""

from typing import Any

import msgspec

SCHEMA = "emotrace.comparison/1"
CONFIDENCE = 0.95
ROUNDING = 1e-12  # of values, what is smaller is no difference


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a value was read from: a span of a recording, and the moment in it that the value is about, if any.

    `baseline_recordings` have the spans that the value is relative to.
    """

    recording: str
    start_s: float
    end_s: float
    value: float
    moment_s: float | None = None
    baseline_recordings: tuple[str, ...] = ()


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """The value of one participant in one condition: the mean over `sources`."""

    participant: str
    level: str
    value: float
    sources: tuple[Source, ...]


class LevelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A condition: its participants, their observations, mean and standard deviation over participants."""

    level: str
    participants: int
    observations: int
    mean: float
    sd: float


class PermutationTest(msgspec.Struct, frozen=True, kw_only=True):
    """A permutation test. `resamples` counts the permutations: all there are where it is `exact`, else random ones.

    An F has no `value` where conditions differ and nothing else does.
    """

    statistic: str
    value: float | None
    p: float
    exact: bool
    resamples: int


class EffectSize(msgspec.Struct, frozen=True, kw_only=True):
    """A standardised difference with its bootstrap interval; None where it cannot be computed."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    resamples: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two conditions: the mean of `first` minus that of `second`. `p_holm` is adjusted over the measure's pairs."""

    first: str
    second: str
    difference: float
    test: PermutationTest
    p_holm: float
    effect: EffectSize


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A fixed effect of a mixed model with its standard error, Wald test and interval."""

    name: str
    estimate: float
    se: float
    z: float
    p: float
    low: float
    high: float


class MixedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A linear mixed model with a random intercept for each participant, by restricted maximum likelihood.

    `note` says what is wrong with it; empty where it converged. Without `terms` it could not be fitted.
    """

    formula: str
    observations: int
    participants: int
    converged: bool
    note: str = ""
    terms: tuple[Term, ...] = ()
    participant_variance: float | None = None
    residual_variance: float | None = None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A recording or participant that is not compared, and why; `measure` where it is only missing from that one."""

    name: str
    reason: str
    measure: str = ""


class MeanCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Means at `times_s` with pointwise intervals; None where nobody, or for an interval only one, is read."""

    times_s: tuple[float, ...]
    participants: tuple[int, ...]
    mean: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    confidence: float = CONFIDENCE


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The mean course of a measure in a condition, from the start of its stimulus."""

    measure: str
    level: str
    course: MeanCurve


class MeasureResult(msgspec.Struct, frozen=True, kw_only=True):
    """One measure. `test` is over all conditions, `p_holm` adjusted over the measures of the comparison."""

    measure: str
    levels: tuple[LevelSummary, ...]
    dots: tuple[Dot, ...]
    test: PermutationTest
    p_holm: float
    pairs: tuple[Pair, ...]
    mixed_model: MixedModel | None = None


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared: the conditions of a factor, and which readings the values were measured on."""

    factor: str
    levels: tuple[str, ...]
    paired: bool
    unit: str
    reader: str
    baseline: bool
    covariate: str = ""
    model: str = ""
    model_version: str = ""
    emotrace_version: str = ""
    notice: str = ""


class ComparisonResult(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison of conditions. `participants` counts those who are in it, `software` gives versions."""

    basis: Basis
    participants: int
    measures: tuple[MeasureResult, ...]
    left_out: tuple[LeftOut, ...]
    seed: int
    software: dict[str, str]
    methods: str
    curves: tuple[Curve, ...] = ()
    schema: str = SCHEMA


def encode(result: ComparisonResult) -> dict[str, Any]:
    """Return a result as JSON values, unrounded."""
    data: dict[str, Any] = msgspec.to_builtins(result)
    return data


def decode(data: object) -> ComparisonResult:
    """Return the result that `encode` made `data` of. Raises ValueError where it is not one."""
    result = msgspec.convert(data, ComparisonResult)
    if result.schema != SCHEMA:
        raise ValueError(f"not {SCHEMA}: {result.schema!r}")
    return result
