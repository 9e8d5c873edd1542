"""Writes: participants and values of recordings by what their names say."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import MediaFile, Project, Recording
from webapp.studies import name_pattern, selectors
from webapp.studies.changes import begin_change
from webapp.studies.models import Variable
from webapp.studies.name_pattern import PARTICIPANT, Assignment, Misfit
from webapp.studies.participants import assign_recordings, require_all
from webapp.studies.value_table import ValueTable, table_error
from webapp.studies.values import Plan, plan_values, store

Unit = Variable.Unit


class NameSource(StrEnum):
    """Which name of a recording is meant."""

    TITLE = "title"
    FILE = "file"  # of its video, without the extension


@dataclass
class NamePlan:
    """What the names of recordings say, in the order of `recordings`, and what is set by it."""

    recordings: list[Recording]
    names: list[Assignment | Misfit]
    codes: dict[UUID, str] = field(default_factory=dict)
    new_participants: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    @property
    def problems(self) -> list[RequestError]:
        """Why values cannot be set."""
        return [problem for plan in self.plans for problem in plan.problems]


def plan_assignment(
    *, project: Project, pattern: str, source: NameSource, recording_ids: Collection[UUID] | None = None
) -> NamePlan:
    """What `assign_by_name` would do with these recordings of the project, or with all of them.

    Raises RequestError(NAME_PATTERN | NOT_IN_PROJECT | STUDY_LIMIT).
    """
    recordings = list(selectors.recordings_of(project))
    if recording_ids is not None:
        require_all({recording.pk: recording for recording in recordings}, recording_ids)
        asked = set(recording_ids)
        recordings = [recording for recording in recordings if recording.pk in asked]
    names = name_pattern.assign(pattern, [_name(recording, source) for recording in recordings])
    plan = NamePlan(recordings, names)
    fitting = [
        (recording, name.values)
        for recording, name in zip(recordings, names, strict=True)
        if isinstance(name, Assignment)
    ]
    fields = {each.casefold(): each for each in name_pattern.fields_of(pattern)}
    participant = fields.pop(PARTICIPANT, None)
    if participant is not None:
        plan.codes = {recording.pk: said[participant] for recording, said in fitting}
        known = {code.lower() for code in project.participants.values_list("code", flat=True)}
        new = {code.lower(): code for code in plan.codes.values() if code.lower() not in known}
        plan.new_participants = list(new.values())
    of_participants = [
        fields[name.casefold()]
        for name in project.variables.filter(unit_of=Unit.PARTICIPANT).values_list("name", flat=True)
        if name.casefold() in fields
    ]
    if of_participants and participant is None:
        raise RequestError(
            WebCode.NAME_PATTERN,
            f"“{of_participants[0]}” is a variable of participants: the pattern needs the field {{participant}}, too.",
            field="pattern",
        )
    of_recordings = [field for field in fields.values() if field not in of_participants]
    if of_participants and participant is not None:
        said_of = [(said[participant], said) for _, said in fitting]
        plan.plans.append(_plan(project, Unit.PARTICIPANT, of_participants, said_of))
    if of_recordings:
        said_of = [(str(recording.pk), said) for recording, said in fitting]
        plan.plans.append(_plan(project, Unit.RECORDING, of_recordings, said_of))
    return plan


@transaction.atomic
def assign_by_name(
    *, project: Project, by: User, pattern: str, source: NameSource, recording_ids: Collection[UUID] | None = None
) -> NamePlan:
    """Set participants and values of recordings by their names; those that the pattern does not fit stay as they are.

    Unknown fields become categories of recordings. Raises RequestError(NAME_PATTERN | VALUE_TABLE | NOT_IN_PROJECT |
    STUDY_LIMIT), where nothing is stored.
    """
    begin_change(project=project, by=by, action=Action.VARIABLES_CHANGED)
    plan = plan_assignment(project=project, pattern=pattern, source=source, recording_ids=recording_ids)
    for each in plan.plans:
        each.require_no_problem()
    if plan.codes:
        assign_recordings(project=project, by=by, codes=plan.codes)
    for each in plan.plans:
        store(project=project, plan=each)
    return plan


def _name(recording: Recording, source: NameSource) -> str:
    video = recording.file(MediaFile.Kind.VIDEO) if source is NameSource.FILE else None
    return PurePath(video.original_name).stem if video else recording.title


def _plan(project: Project, unit_of: Variable.Unit, columns: list[str], said: list[tuple[str, dict[str, str]]]) -> Plan:
    """The plan of a table with a row for each unit, whose names have to agree."""
    rows: dict[str, tuple[str, tuple[str, ...]]] = {}
    conflicts = []
    for unit, by_field in said:
        cells = tuple(by_field[column] for column in columns)
        before = rows.setdefault(unit.lower(), (unit, cells))[1]
        conflicts += [
            table_error(f"the names of {unit} say “{old}” and “{new}”: rename one.", column=column)
            for column, old, new in zip(columns, before, cells, strict=True)
            if old.casefold() != new.casefold()
        ]
    table = ValueTable(unit_of, tuple(columns), tuple(rows.values()), tuple(range(1, len(rows) + 1)))
    plan = plan_values(project=project, table=table)
    plan.problems += conflicts
    for variable in {variable for _, variable, _ in plan.cells}:
        _order_levels(variable, plan.new_levels.get(variable.name, []))
    return plan


def _order_levels(variable: Variable, new: Collection[str]) -> None:
    """Sort the levels, as files arrive in any order, unless the project keeps those it had in an order of its own."""
    known = [level for level in variable.levels if level not in new]
    if known == sorted(known, key=str.casefold):
        variable.levels.sort(key=str.casefold)
