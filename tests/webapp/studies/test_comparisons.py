"""Comparisons of a project: from its recordings to numbers that follow from its exported table."""

import io
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.webapp.factories import ParticipantFactory, StimulusFactory, VariableFactory
from tests.webapp.studies.studies import drifting_timeline, mark, read, study
from webapp.analyses.models import CorrectedTimeline
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project, Recording
from webapp.studies import comparisons
from webapp.studies.models import Marker, Stimulus, Variable, VariableValue
from webapp.studies.observations import Question, measure_names
from webapp.studies.statistics.compare import SEED
from webapp.studies.statistics.effect_size import RESAMPLES, hedges_g
from webapp.studies.statistics.results import ComparisonResult, MeasureResult, decode
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CSV, Table

MEASURES = ("mean_probability_happy", "time_share_sad", "valence")

pytestmark = pytest.mark.django_db


def table(project: Project, unit: Unit) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(b"".join(Table(project, unit, own=True).write(CSV))))


def condition(project: Project) -> Variable:
    return project.variables.get(name="condition")


def question(project: Project, **fields: object) -> Question:
    return Question(**{"measures": MEASURES, "factor": condition(project), **fields})  # type: ignore[arg-type]


def measured(found: ComparisonResult, name: str) -> MeasureResult:
    return next(one for one in found.measures if one.measure == name)


@pytest.mark.slow
@pytest.mark.parametrize("baseline", [False, True])
def test_numbers_follow_from_the_exported_table(baseline: bool) -> None:
    project = study()
    found = comparisons.compare(project, question(project, baseline=baseline))
    rows = table(project, Unit.RECORDING)
    p_values = []
    for name in MEASURES:
        column = f"relative_{name}" if baseline else name
        means = rows.groupby(["var_condition", "participant"])[column].mean()
        a, b = means["a"].to_numpy(), means["b"].to_numpy()
        expected = stats.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y), n_resamples=np.inf)
        one = measured(found, name)
        assert (one.test.p, one.test.value) == pytest.approx((expected.pvalue, expected.statistic), abs=1e-9)
        interval = stats.bootstrap(
            (a, b), hedges_g, n_resamples=RESAMPLES, rng=np.random.default_rng(SEED)
        ).confidence_interval
        effect = one.pairs[0].effect
        assert effect.value == pytest.approx(float(hedges_g(a, b, axis=-1)), abs=1e-9)
        if np.isfinite(interval).all():
            assert (effect.low, effect.high) == pytest.approx(tuple(interval), abs=1e-9)
        else:  # of three participants, some resamples are one of them three times, without any spread
            assert (effect.low, effect.high) == (None, None)
        p_values.append(expected.pvalue)
    adjusted = multipletests(p_values, method="holm")[1]
    assert [one.p_holm for one in found.measures] == pytest.approx(adjusted, abs=1e-9)
    assert (found.participants, found.left_out) == (6, ())


@pytest.mark.parametrize("measures", [("agreement",), ("changes_per_minute", "arousal")])
def test_what_a_question_does_not_need_is_not_read_and_changes_nothing(measures: tuple[str, ...]) -> None:
    project = study()
    found = comparisons.compare(project, question(project, measures=measures))
    rows = table(project, Unit.RECORDING)
    for name in measures:
        means = rows.groupby("participant")[name].mean()
        assert {dot.participant: dot.value for dot in measured(found, name).dots} == pytest.approx(dict(means))


@pytest.mark.slow
def test_a_mixed_model_follows_from_the_exported_table() -> None:
    project = study()
    project.recordings.get(title="P03 1").delete()
    age = project.variables.get(name="age")
    found = measured(comparisons.compare(project, question(project, covariate=age)), "valence").mixed_model
    rows = table(project, Unit.RECORDING).sort_values(["participant", "recording_id"])
    expected = smf.mixedlm("valence ~ C(var_condition) + var_age", rows, groups="participant").fit()
    assert found is not None and found.observations == 11
    assert [term.estimate for term in found.terms] == pytest.approx(expected.fe_params.tolist(), abs=1e-9)
    assert [term.se for term in found.terms] == pytest.approx(expected.bse_fe.tolist(), abs=1e-9)


def test_stimuli_are_compared_within_participants() -> None:
    project = study()
    for recording in project.recordings.all():
        mark(recording.analyses.get(), Marker.Kind.STIMULUS, 1.0, 9.0, name="trailer")
    found = comparisons.compare(project, Question(measures=("mean_probability_happy",), factor=None, paired=True))
    rows = table(project, Unit.MARKER)
    rows = rows[rows["marker_kind"] == "stimulus"]
    means = rows.groupby(["marker", "participant"])["mean_probability_happy"].mean()
    a, b = means["advert"].to_numpy(), means["trailer"].to_numpy()
    expected = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x) - np.mean(y), permutation_type="samples", n_resamples=np.inf
    )
    assert found.basis.levels == ("advert", "trailer")
    assert found.measures[0].test.p == pytest.approx(expected.pvalue, abs=1e-9)
    (first, *_) = found.curves
    assert (first.level, len(first.course.times_s)) == ("advert", 60)
    assert first.course.participants[0] == 6 and first.course.participants[45] == 0  # 21 s are excluded


def test_one_stimulus_by_condition_has_a_mean_course_in_each() -> None:
    project = study()
    stimulus: Stimulus = StimulusFactory.create(project=project, name="film", length_s=12.0)
    Marker.objects.filter(recording__project=project, kind=Marker.Kind.STIMULUS).update(stimulus=stimulus)
    found = comparisons.compare(project, question(project, stimulus=stimulus, baseline=True))
    assert {(curve.measure, curve.level) for curve in found.curves} == {
        (name, level) for name in ("mean_probability_happy", "valence") for level in "ab"
    }
    rows = table(project, Unit.MARKER)
    means = rows[rows["stimulus"] == "film"].groupby("var_condition")["relative_mean_probability_happy"].mean()
    for curve in found.curves:
        if curve.measure == "mean_probability_happy":
            known = [value for value in curve.course.mean if value is not None]
            assert np.mean(known) == pytest.approx(means[curve.level], abs=1e-6)


def test_who_is_left_out_is_said_with_the_reason() -> None:
    project = study()
    lonely = ParticipantFactory.create(project=project, code="P99")
    read(project, lonely, drifting_timeline(1), title="no condition")
    read(project, None, drifting_timeline(2), title="nobody")
    analysis = read(project, project.participants.get(code="P00"), drifting_timeline(3), title="all excluded")
    mark(analysis, Marker.Kind.EXCLUDE, 0.0, 30.0)
    found = comparisons.compare(project, question(project))
    assert {(one.name, one.reason) for one in found.left_out} == {
        ("no condition", "No value of condition"),
        ("nobody", "No participant is assigned"),
        ("all excluded", "Nothing is determined"),
    }


def test_a_person_is_compared_by_corrections_only() -> None:
    project = study()
    for number, recording in enumerate(project.recordings.order_by("title")):
        if recording.title.endswith("0"):
            segments = [[0.0, 10.0 + number, "happy", ""], [10.0 + number, 30.0, "sad", ""]]
            CorrectedTimeline.objects.create(analysis=recording.analyses.get(), revision=1, segments=segments)
    found = comparisons.compare(project, question(project, reader="person"))
    assert found.basis.reader == "person" and "corrected" in found.methods
    assert {one.reason for one in found.left_out} == {"Nobody corrected it"}
    assert len(found.left_out) == 6


def test_several_models_are_not_mixed() -> None:
    project = study()
    participant = project.participants.get(code="P00")
    read(project, participant, drifting_timeline(1), model_name="other", model_version="7")
    with pytest.raises(RequestError) as refused:
        comparisons.compare(project, question(project))
    assert refused.value.code == WebCode.COMPARISON_MIXED_MODELS and "other@7" in refused.value.message
    found = comparisons.compare(project, question(project, model="intermediate-attention-8"))
    assert [one.reason for one in found.left_out] == ["No timeline of this model"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"measures": ("bored",)}, WebCode.COMPARISON_MEASURE),
        ({"measures": ("agreement",), "baseline": True}, WebCode.COMPARISON_MEASURE),
        ({"reader": "person", "baseline": True}, WebCode.COMPARISON_MEASURE),
        ({"reader": "person"}, WebCode.NOTHING_TO_COMPARE),
        ({"model": "nobody"}, WebCode.NOTHING_TO_COMPARE),
        ({"paired": True}, WebCode.COMPARISON_TOO_FEW),
        ({"levels": ("a",)}, WebCode.COMPARISON_LEVELS),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(fields: dict[str, object], code: WebCode) -> None:
    project = study(participants=4)
    with pytest.raises(RequestError) as refused:
        comparisons.compare(project, question(project, **fields))
    assert refused.value.code == code and refused.value.message.endswith(".")


def test_a_participant_in_both_conditions_is_refused_unless_paired() -> None:
    project = study(participants=4)
    order: Variable = VariableFactory.create(project=project, name="order", unit_of="recording", levels=["1st", "2nd"])
    for recording in project.recordings.all():
        text = "1st" if recording.title.endswith("0") else "2nd"
        VariableValue.objects.create(variable=order, recording=recording, text=text)
    with pytest.raises(RequestError) as refused:
        comparisons.compare(project, question(project, factor=order))
    assert refused.value.code == WebCode.COMPARISON_BOTH_LEVELS
    assert comparisons.compare(project, question(project, factor=order, paired=True)).participants == 4


def test_a_saved_comparison_is_frozen() -> None:
    project = study()
    saved = comparisons.save(project=project, by=project.owner, name="Happier", question=question(project))
    before = decode(saved.result)
    VariableValue.objects.filter(variable__project=project, text="a").update(text="b")
    saved.refresh_from_db()
    assert decode(saved.result) == before
    assert set(saved.recording_ids) == set(project.recordings.values_list("pk", flat=True))
    assert all(isinstance(pk, UUID) for pk in saved.recording_ids)
    assert (saved.measures, saved.factor_name) == (list(MEASURES), "condition")


def test_with_a_baseline_it_rests_on_the_recordings_that_have_it() -> None:
    project = study()
    Marker.objects.filter(kind=Marker.Kind.BASELINE, recording__title__endswith="1").delete()
    resting = list(study(participants=1).recordings.all())
    for recording in resting:  # a recording in which only the baseline is read
        Recording.objects.filter(pk=recording.pk).update(
            project=project, participant=project.participants.get(code="P00"), title="baseline"
        )
    advert: Stimulus = StimulusFactory.create(project=project, name="film", length_s=12.0)
    Marker.objects.filter(kind=Marker.Kind.STIMULUS).exclude(recording__in=resting).update(stimulus=advert)
    asked = question(project, stimulus=advert, baseline=True)
    saved = comparisons.save(project=project, by=project.owner, name="Happier", question=asked)
    assert {each.pk for each in resting} <= set(saved.recording_ids)
    asked = question(project, stimulus=advert)
    saved = comparisons.save(project=project, by=project.owner, name="Happier", question=asked)
    assert not {each.pk for each in resting} & set(saved.recording_ids)


def test_a_mean_course_is_of_those_who_are_compared() -> None:
    project = study()
    for recording in project.recordings.exclude(participant__code="P00"):
        mark(recording.analyses.get(), Marker.Kind.STIMULUS, 1.0, 9.0, name="trailer")
    found = comparisons.compare(project, Question(measures=("mean_probability_happy",), factor=None, paired=True))
    assert found.participants == 5
    assert max(count for curve in found.curves for count in curve.course.participants) == 5


def test_conditions_are_chosen_by_their_names_ignoring_case_and_each_once() -> None:
    project = study()
    found = comparisons.compare(project, question(project, levels=("B", " a", "b", "a")))
    assert found.basis.levels == ("b", "a")
    for levels, factor in ((("a", "c"), condition(project)), (("advert", "film"), None)):
        with pytest.raises(RequestError) as refused:
            comparisons.compare(project, question(project, levels=levels, factor=factor))
        assert (refused.value.code, refused.value.field) == (WebCode.COMPARISON_LEVELS, "levels")
        assert f"has no condition {levels[1]!r}. Choose from: " in refused.value.message


def test_the_measures_are_those_of_the_table() -> None:
    project = study(participants=2)
    names = measure_names(project)
    assert set(MEASURES) <= set(names) and set(names) <= set(table(project, Unit.RECORDING).columns)
    assert not {"read_s", "agreement_s", "peak_s_happy"} & set(names)
