"""Writes: variables of a project."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project
from webapp.studies.changes import begin_change, reread
from webapp.studies.limits import MAX_LEVELS, MAX_VARIABLES, require_at_most
from webapp.studies.models import Variable
from webapp.studies.names import normalise_name


@transaction.atomic
def create_variable(
    *, project: Project, by: User, name: str, kind: Variable.Kind, unit_of: Variable.Unit, levels: Sequence[str] = ()
) -> Variable:
    """Create a variable, as the project's last. Raises RequestError(NAME_TAKEN | STUDY_LIMIT | VALUE_CONFLICT)."""
    begin_change(project=project, by=by, action=Action.VARIABLES_CHANGED)
    name, levels = normalise_name(name), list(map(normalise_name, levels))
    _require_free(project, name)
    count = project.variables.count()
    require_at_most(MAX_VARIABLES, count + 1, "variables", "A project")
    _check_levels(kind, levels)
    return Variable.objects.create(
        project=project, name=name, kind=kind, unit_of=unit_of, levels=levels, position=count
    )


@transaction.atomic
def update_variable(*, variable: Variable, by: User, **fields: Any) -> None:
    """Change the variable's `name`, `kind`, `unit_of`, `levels` or `position`.

    Raises RequestError(NAME_TAKEN | STUDY_LIMIT | VALUE_CONFLICT), and RequestError(VARIABLE_IN_USE) where values are
    of another kind or unit, or of a level that would go.
    """
    begin_change(project=variable.project, by=by, action=Action.VARIABLES_CHANGED)
    reread(variable)
    if "levels" in fields:
        fields["levels"] = list(map(normalise_name, fields["levels"]))
    if "name" in fields:
        fields["name"] = normalise_name(fields["name"])
        _require_free(variable.project, fields["name"], besides=variable)
    changed = {
        name for name in ("kind", "unit_of") if fields.get(name, getattr(variable, name)) != getattr(variable, name)
    }
    if changed and variable.values.exists():
        raise RequestError(
            WebCode.VARIABLE_IN_USE, f"“{variable}” has values: what it is of cannot change any more. Make another one."
        )
    for name, value in fields.items():
        setattr(variable, name, value)
    _check_levels(Variable.Kind(variable.kind), variable.levels)
    if variable.kind == Variable.Kind.CATEGORY:
        lost = set(variable.values.values_list("text", flat=True)) - set(variable.levels)
        if lost:
            raise RequestError(
                WebCode.VARIABLE_IN_USE,
                f"“{min(lost)}” is a value of “{variable}”: keep this level, or change these values first.",
                field="levels",
            )
    variable.save(update_fields=fields)


@transaction.atomic
def delete_variable(*, variable: Variable, by: User) -> None:
    """Delete the variable with all its values."""
    begin_change(project=variable.project, by=by, action=Action.VARIABLES_CHANGED)
    variable.delete()


def _require_free(project: Project, name: str, besides: Variable | None = None) -> None:
    if any(other != besides for other in project.variables.filter(name__iexact=name)):
        message = f"The project has a variable “{name}” already. Choose another name."
        raise RequestError(WebCode.NAME_TAKEN, message, field="name")


def _check_levels(kind: Variable.Kind, levels: Sequence[str]) -> None:
    require_at_most(MAX_LEVELS, len(levels), "levels", "A variable")
    if len({level.casefold() for level in levels}) < len(levels):
        raise RequestError(WebCode.VALUE_CONFLICT, "Two levels are equal: remove one.", field="levels")
    if levels and kind == Variable.Kind.NUMBER:
        raise RequestError(WebCode.VALUE_CONFLICT, "A number has no levels: leave them out.", field="levels")
