"""Writes: values of variables, from a table or from names. What would change is planned first, then stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError
from webapp.recordings.models import CODE_MAX_LENGTH, Participant, Project, Recording
from webapp.studies import selectors
from webapp.studies.changes import begin_change
from webapp.studies.limits import MAX_LEVELS, MAX_PARTICIPANTS, MAX_VARIABLES, require_at_most
from webapp.studies.models import NAME_MAX_LENGTH, Variable, VariableValue
from webapp.studies.names import normalise_name
from webapp.studies.participants import get_or_create_participants
from webapp.studies.recording_names import RecordingNames
from webapp.studies.value_table import ValueTable, looks_numeric, parse_numbers, table_error

Value = str | float | None


@dataclass(frozen=True)
class Change:
    """A value that is set, or with `new` None removed, of one participant or recording."""

    unit: str
    variable: str
    old: Value
    new: Value


@dataclass
class Plan:
    """What a table changes: nothing of it is stored where there are `problems`, each a RequestError(VALUE_TABLE)."""

    unit_of: Variable.Unit
    new_participants: list[str] = field(default_factory=list)
    new_variables: list[Variable] = field(default_factory=list)
    new_levels: dict[str, list[str]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    problems: list[RequestError] = field(default_factory=list)
    cells: list[tuple[UUID | str, Variable, Value]] = field(default_factory=list, repr=False)

    def require_no_problem(self) -> None:
        """Raises the first of the problems."""
        if self.problems:
            raise self.problems[0]


def plan_values(*, project: Project, table: ValueTable) -> Plan:
    """What `set_values` would do with the table. Raises RequestError(STUDY_LIMIT)."""
    plan = Plan(table.unit_of)
    units = _find_units(project, table, plan)
    known = {variable.name.casefold(): variable for variable in project.variables.all()}
    for index, name in enumerate(map(normalise_name, table.columns)):
        cells = [normalise_name(row[1][index]) for row in table.rows]
        variable = known.get(name.casefold())
        if variable is not None and variable.unit_of != table.unit_of:
            message = f"“{variable.name}” is a variable of the {variable.unit_of}: send it in a table of those."
            plan.problems.append(table_error(message, column=name))
            continue
        if variable is None:
            variable = _new_variable(project, name, table.unit_of, cells, len(known) + len(plan.new_variables))
            plan.new_variables.append(variable)
        _plan_column(plan, variable, cells, table, units)
    require_at_most(MAX_VARIABLES, len(known) + len(plan.new_variables), "variables", "A project")
    _compare(plan, project)
    return plan


@transaction.atomic
def set_values(*, project: Project, by: User, table: ValueTable) -> Plan:
    """Set the values of a table; an empty cell removes a value.

    Missing participants, variables and levels are created. Raises RequestError(VALUE_TABLE | STUDY_LIMIT), where
    nothing is stored.
    """
    begin_change(project=project, by=by, action=Action.VARIABLES_CHANGED)
    plan = plan_values(project=project, table=table)
    plan.require_no_problem()
    store(project=project, plan=plan)
    return plan


def store(*, project: Project, plan: Plan) -> None:
    """Store what was planned in the same transaction, which begins by `begin_change`."""
    participants, _ = get_or_create_participants(project=project, codes=plan.new_participants)
    Variable.objects.bulk_create(plan.new_variables)
    of_participants = plan.unit_of == Variable.Unit.PARTICIPANT
    ids = {code: participant.pk for code, participant in participants.items()}
    rows = [
        (ids[unit.lower()] if isinstance(unit, str) else unit, variable, value) for unit, variable, value in plan.cells
    ]
    column = "participant_id" if of_participants else "recording_id"
    by_variable: dict[Variable, list[tuple[UUID, Value]]] = {}
    for unit, variable, value in rows:
        by_variable.setdefault(variable, []).append((unit, value))
    Variable.objects.bulk_update(by_variable, ["levels"])
    for variable, set_of in by_variable.items():
        VariableValue.objects.filter(variable=variable, **{f"{column}__in": [unit for unit, _ in set_of]}).delete()
        VariableValue.objects.bulk_create(
            VariableValue(
                variable=variable,
                text=value if isinstance(value, str) else "",
                number=None if isinstance(value, str) else value,
                **{column: unit},
            )
            for unit, value in set_of
            if value is not None
        )


def _find_units(project: Project, table: ValueTable, plan: Plan) -> list[UUID | str | None]:
    """The id of each row's participant or recording; the code of a new participant; None for a problem."""
    find = (
        _find_participant(project, plan)
        if table.unit_of == Variable.Unit.PARTICIPANT
        else _find_recording(project, plan)
    )
    units = [find(name, number) for (name, _), number in zip(table.rows, table.numbers, strict=True)]
    seen: dict[UUID | str, int] = {}
    for unit, number in zip(units, table.numbers, strict=True):
        if unit is not None and (before := seen.setdefault(unit, number)) != number:
            plan.problems.append(
                table_error(f"it is of the same {table.unit_of} as row {before}: keep one.", row=number)
            )
    return units


Finder = Callable[[str, int], UUID | str | None]


def _find_participant(project: Project, plan: Plan) -> Finder:
    known = {code.lower(): pk for pk, code in project.participants.values_list("pk", "code")}

    def find(name: str, number: int) -> UUID | str | None:
        if (pk := known.get(name.lower())) is not None:
            return pk
        if len(name) > CODE_MAX_LENGTH:
            plan.problems.append(table_error(f"a code has {CODE_MAX_LENGTH} characters at most.", row=number))
            return None
        plan.new_participants.append(name)
        require_at_most(MAX_PARTICIPANTS, len(known) + len(plan.new_participants), "participants", "A project")
        return name

    return find


def _find_recording(project: Project, plan: Plan) -> Finder:
    names = RecordingNames(list(selectors.recordings_of(project)))

    def find(name: str, number: int) -> UUID | str | None:
        found = names.find(name)
        if len(found) == 1:
            return found[0].pk
        problem = f"{len(found)} recordings are called “{name}”: name them by their ids."
        if not found:
            problem = f"the project has no recording “{name}”: name it by its title or id."
        plan.problems.append(table_error(problem, row=number))
        return None

    return find


def _new_variable(project: Project, name: str, unit_of: Variable.Unit, cells: Sequence[str], position: int) -> Variable:
    """A variable of numbers where every cell looks like one, otherwise a category."""
    filled = [cell for cell in cells if cell]
    are_numbers = bool(filled) and all(map(looks_numeric, filled))
    kind = Variable.Kind.NUMBER if are_numbers else Variable.Kind.CATEGORY
    return Variable(project=project, name=name, kind=kind, unit_of=unit_of, position=position)


def _plan_column(
    plan: Plan, variable: Variable, cells: Sequence[str], table: ValueTable, units: Sequence[UUID | str | None]
) -> None:
    numbers = parse_numbers(cells) if variable.kind == Variable.Kind.NUMBER else []
    levels = {level.casefold(): level for level in variable.levels}
    for index, (cell, number, unit) in enumerate(zip(cells, table.numbers, units, strict=True)):
        value: Value = None
        if cell and variable.kind == Variable.Kind.NUMBER:
            value = numbers[index]
            if value is None:
                message = f"“{cell}” is no number, or its comma is ambiguous: write it with a point."
                plan.problems.append(table_error(message, row=number, column=variable.name))
        elif cell:
            if len(cell) > NAME_MAX_LENGTH:
                message = f"a level has {NAME_MAX_LENGTH} characters at most."
                plan.problems.append(table_error(message, row=number, column=variable.name))
            value = levels.get(cell.casefold())
            if value is None:
                value = levels[cell.casefold()] = cell
                plan.new_levels.setdefault(variable.name, []).append(cell)
        if unit is not None:
            plan.cells.append((unit, variable, value))
    if len(levels) > MAX_LEVELS:
        message = f"it has {len(levels)} levels, and {MAX_LEVELS} are allowed: is it text that is no category?"
        plan.problems.append(table_error(message, column=variable.name))
    variable.levels = list(levels.values())


def _compare(plan: Plan, project: Project) -> None:
    """Fill in the changes: what differs from the stored values."""
    names = _unit_names(project, plan.unit_of)
    stored: Mapping[tuple[UUID | None, UUID], Value] = {
        (value.participant_id or value.recording_id, value.variable_id): value.value
        for value in VariableValue.objects.filter(variable__project=project, variable__unit_of=plan.unit_of)
    }
    for unit, variable, value in plan.cells:
        old = None if isinstance(unit, str) else stored.get((unit, variable.pk))
        if old == value:
            plan.unchanged += 1
        else:
            name = unit if isinstance(unit, str) else names[unit]
            plan.changes.append(Change(name, variable.name, old, value))


def _unit_names(project: Project, unit_of: Variable.Unit) -> dict[UUID, str]:
    rows = (
        Participant.objects.filter(project=project).values_list("pk", "code")
        if unit_of == Variable.Unit.PARTICIPANT
        else Recording.objects.filter(project=project).values_list("pk", "title")
    )
    return dict(rows)
