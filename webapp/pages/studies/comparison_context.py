"""What the page of a comparison shows."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from inference.wording import clock
from webapp.recordings.models import Project
from webapp.studies import selectors
from webapp.studies.figures.comparison import measure_figures
from webapp.studies.models import Variable
from webapp.studies.statistics.results import ComparisonResult, Dot, MeasureResult, Source
from webapp.studies.table.recordings import chosen_analyses


@dataclass(frozen=True)
class SourceLink:
    """What a value was read from; `href` is empty where the recording is in the project no more."""

    text: str
    href: str


@dataclass(frozen=True)
class ParticipantRow:
    """The values of a participant in one measure, with their sources by condition."""

    participant: str
    measure: str
    cells: list[tuple[float | None, list[SourceLink]]]


class SourceLinks:
    """Addresses of the moments that values were read from."""

    def __init__(self, project: Project, result: ComparisonResult) -> None:
        chosen = chosen_analyses(project, f"{result.basis.model}@{result.basis.model_version}")
        self._analyses = {str(recording): pk for recording, pk in chosen.values_list("recording_id", "pk")}

    def href(self, source: Source) -> str:
        """The page of the recording at the moment that the value is about, otherwise at the start of its span."""
        analysis = self._analyses.get(source.recording)
        if analysis is None:
            return ""
        moment_s = source.start_s if source.moment_s is None else source.moment_s
        return f"{reverse('pages:result', args=[analysis])}#t={moment_s:.2f}"

    def link(self, source: Source) -> SourceLink:
        """The same with the time of the span."""
        return SourceLink(f"{clock(source.start_s)} – {clock(source.end_s)}", self.href(source))


def comparison_context(project: Project, result: ComparisonResult, grouping: Variable | None) -> dict[str, Any]:
    """Return the figures, with a panel for each level of `grouping`, and the values of each participant."""
    links = SourceLinks(project, result)
    return {
        "result": result,
        "figures": measure_figures(result, link=links.href, groups=_groups(project, grouping) if grouping else None),
        "participant_rows": [row for one in result.measures for row in _participant_rows(one, result, links)],
        "has_mixed_models": any(one.mixed_model for one in result.measures),
    }


def _groups(project: Project, grouping: Variable) -> dict[str, str]:
    values = selectors.values_by_participant(project)
    codes = project.participants.values_list("pk", "code")
    return {code: str(values[pk][grouping.name]) for pk, code in codes if grouping.name in values.get(pk, {})}


def _participant_rows(one: MeasureResult, result: ComparisonResult, links: SourceLinks) -> list[ParticipantRow]:
    people: dict[str, dict[str, Dot]] = {}
    for dot in one.dots:
        people.setdefault(dot.participant, {})[dot.level] = dot
    return [
        ParticipantRow(participant, one.measure, [_cell(own.get(level), links) for level in result.basis.levels])
        for participant, own in sorted(people.items())
    ]


def _cell(dot: Dot | None, links: SourceLinks) -> tuple[float | None, list[SourceLink]]:
    return (None, []) if dot is None else (dot.value, [links.link(source) for source in dot.sources])
