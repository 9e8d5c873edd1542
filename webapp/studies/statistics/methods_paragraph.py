"""A paragraph that says how a comparison was made, for a paper's methods section."""

from webapp.studies.measure_names import measure_name
from webapp.studies.statistics.results import ComparisonResult, MeasureResult


def methods_paragraph(result: ComparisonResult) -> str:
    """Return the paragraph: what was measured, on whom, how it was tested, with versions."""
    first = result.measures[0]
    software = result.software
    sentences = (
        _readings(result),
        _values(result),
        _sample(result),
        _test(result, first),
        _effects(first),
        _mixed_models(result),
        _missing(result),
        f"Computed with SciPy {software['scipy']} and statsmodels {software['statsmodels']}; random resampling was "
        f"seeded ({result.seed}).",
        result.basis.notice,
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _readings(result: ComparisonResult) -> str:
    basis = result.basis
    model = f"the model {basis.model}, version {basis.model_version}"
    reader = f"by a person who corrected {model}" if basis.reader == "person" else f"of {model},"
    return f"Readings {reader} were measured over each {basis.unit} with Emotrace {basis.emotrace_version}."


def _values(result: ComparisonResult) -> str:
    measures = ", ".join(measure_name(one.measure).lower() for one in result.measures)
    baseline = (
        " relative to the person's own baseline (mean log-odds of the spans marked as baseline, subtracted from the "
        "log-odds of each window)"
        if result.basis.baseline
        else ""
    )
    return (
        f"Measures: {measures}{baseline}. Time that is excluded or undetermined does not count; values were averaged "
        "within a participant and condition first."
    )


def _sample(result: ComparisonResult) -> str:
    basis = result.basis
    design = "within participants" if basis.paired else "between participants"
    levels = ", ".join(f"{one.level} (n = {one.participants})" for one in result.measures[0].levels)
    return f"The factor {basis.factor} varied {design}: {levels}."


def _test(result: ComparisonResult, first: MeasureResult) -> str:
    paired = result.basis.paired
    what = "conditions within each participant" if paired else "participants between conditions"
    statistic = {
        "F": "the F statistic of repeated measures" if paired else "the F statistic of a one-way analysis of variance",
    }.get(first.test.statistic, "the difference of means, two-sided")
    count = (
        f"all {first.test.resamples:,} permutations"
        if first.test.exact
        else f"{first.test.resamples:,} random permutations"
    )
    holm = (
        f" p values were adjusted over {len(result.measures)} measures by Holm's method."
        if len(result.measures) > 1
        else ""
    )
    return f"Conditions were compared by permutation tests of {statistic} ({what} permuted, {count}).{holm}"


def _effects(first: MeasureResult) -> str:
    effect = first.pairs[0].effect
    pairs = " Pairs of conditions were compared likewise and adjusted by Holm's method." if len(first.pairs) > 1 else ""
    return (
        f"Effect sizes are {effect.name} with {effect.confidence:.0%} bias-corrected and accelerated bootstrap "
        f"intervals ({effect.resamples:,} resamples).{pairs}"
    )


def _mixed_models(result: ComparisonResult) -> str:
    models = {one.measure: one.mixed_model for one in result.measures if one.mixed_model is not None}
    if not models:
        return ""
    failed = [measure for measure, model in models.items() if not model.converged]
    formula = next(iter(models.values())).formula
    note = f" It did not converge for {', '.join(measure_name(one).lower() for one in failed)}." if failed else ""
    return (
        "As observations are unbalanced or have a covariate, a linear mixed model was fitted by restricted maximum "
        f"likelihood to single observations: {formula}.{note}"
    )


def _missing(result: ComparisonResult) -> str:
    count = len({one.name for one in result.left_out})
    return f"{count} recordings or participants were left out of all or some measures." if count else ""
