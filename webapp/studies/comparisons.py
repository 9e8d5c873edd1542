"""Comparing conditions of a project, and saving what was found."""

from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from msgspec.structs import replace

from inference.timeline.sampling import CELL_S, grid_times
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project
from webapp.studies.limits import MAX_COMPARISONS, require_at_most
from webapp.studies.models import Comparison
from webapp.studies.observations import Courses, Observed, Question, observe, with_known_levels
from webapp.studies.participants import require_all
from webapp.studies.statistics.compare import compare as compare_conditions
from webapp.studies.statistics.errors import RefusedError
from webapp.studies.statistics.mean_curve import mean_curve
from webapp.studies.statistics.results import Basis, ComparisonResult, Curve, encode


def compare(project: Project, question: Question) -> ComparisonResult:
    """Compare the conditions that the question asks for.

    Raises RequestError(COMPARISON_LEVELS | COMPARISON_TOO_FEW | COMPARISON_BOTH_LEVELS | COMPARISON_MIXED_MODELS |
    COMPARISON_MEASURE | NOTHING_TO_COMPARE).
    """
    question = with_known_levels(project, question)
    found = observe(project, question)
    name, version = found.model
    basis = Basis(
        factor=question.factor_name,
        levels=_levels(found, question),
        paired=question.paired,
        unit=question.unit,
        reader=question.reader,
        baseline=question.baseline,
        covariate=question.covariate.name if question.covariate else "",
        model=name,
        model_version=version,
        emotrace_version=settings.VERSION,
        notice=found.notice,
    )
    try:
        result = compare_conditions(found.observations, question.measures, basis, left_out=found.left_out)
    except RefusedError as error:
        raise RequestError(WebCode(str(error.code)), error.message) from error
    return replace(result, curves=_curves(found.courses, result))


def save(*, project: Project, by: User, name: str, question: Question) -> Comparison:
    """Compare, and keep the result as it is now.

    Raises what `compare` raises, RequestError(STUDY_LIMIT), and RequestError(NOT_IN_PROJECT) if one of the recordings
    was erased or moved meanwhile.
    """
    result = compare(project, question)
    sources = {
        UUID(pk)
        for one in result.measures
        for dot in one.dots
        for source in dot.sources
        for pk in (source.recording, *source.baseline_recordings)
    }
    with transaction.atomic():
        accounts.lock_user(project.owner)  # no recording is erased or moved before the comparison is stored
        require_at_most(MAX_COMPARISONS, project.comparisons.count() + 1, "saved comparisons", "A project")
        require_all(project.recordings.in_bulk(list(sources)), sources)
        comparison = Comparison.objects.create(
            project=project,
            name=name,
            measures=list(question.measures),
            factor=question.factor,
            factor_name=question.factor_name,
            paired=question.paired,
            baseline=question.baseline,
            exclusions=[{"name": one.name, "reason": one.reason, "measure": one.measure} for one in result.left_out],
            model_name=result.basis.model,
            model_version=result.basis.model_version,
            result=encode(result),
            recording_ids=sorted(sources),
            created_by=by,
        )
        record(Action.COMPARISON_SAVED, by=by.pk, owner=project.owner_id, target=comparison)
        return comparison


def delete(*, comparison: Comparison, by: User) -> None:
    """Delete a saved comparison."""
    with transaction.atomic():
        record(Action.COMPARISON_DELETED, by=by.pk, owner=comparison.project.owner_id, target=comparison)
        comparison.delete()


def _levels(found: Observed, question: Question) -> tuple[str, ...]:
    """The conditions that have observations, in the variable's order, that of `question.levels`, or by name."""
    present = {one.level for one in found.observations}
    ordered = question.levels or (question.factor.levels if question.factor else ()) or sorted(present)
    return tuple(level for level in ordered if level in present)


def _curves(courses: Courses, result: ComparisonResult) -> tuple[Curve, ...]:
    """The mean course of each measure in each condition, of those who are compared in it."""
    compared = {(one.measure, dot.level, dot.participant) for one in result.measures for dot in one.dots}
    curves = []
    for (measure, level), everybody in sorted(courses.items()):
        people = {who: own for who, own in everybody.items() if (measure, level, who) in compared}
        if people:
            length = max(len(course) for own in people.values() for course in own)
            padded = {
                participant: [np.pad(course, (0, length - len(course)), constant_values=np.nan) for course in own]
                for participant, own in people.items()
            }
            curve = mean_curve(grid_times(length * CELL_S), padded)
            curves.append(Curve(measure=measure, level=level, course=curve))
    return tuple(curves)
