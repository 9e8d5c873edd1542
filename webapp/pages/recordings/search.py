"""Search in a user's recordings: filters, orderings and the choices of each filter."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict

from inference import store
from inference.types import UNDETERMINED
from webapp.accounts.models import User
from webapp.analyses.filters import NO_PROJECT
from webapp.pages import display_names
from webapp.recordings import selectors
from webapp.recordings.models import Project, Purpose, Recording
from webapp.studies.filters import StudyRecordingFilter
from webapp.studies.selectors import participants_of

NEWEST = "-created_at"
MAX_PARTICIPANTS = 500  # to choose from
ORDERINGS: dict[str, tuple[str, Any]] = {
    NEWEST: ("Newest first", "-created_at"),
    "created_at": ("Oldest first", "created_at"),
    "title": ("Title, A to Z", Lower("title")),
    "-title": ("Title, Z to A", Lower("title").desc()),
    "-duration_s": ("Longest first", "-duration_s"),
    "duration_s": ("Shortest first", "duration_s"),
}


@dataclass(frozen=True)
class SearchResult:
    """`recordings` in order, none where a filter is invalid (`errors`). `filters` are the filters in use, by name."""

    recordings: QuerySet[Recording]
    filters: dict[str, str]
    errors: list[str]

    @property
    def uses_folded_filters(self) -> bool:
        """Whether any filter besides the text search is in use."""
        return bool(self.filters.keys() - {"search"})


@dataclass(frozen=True)
class FilterField:
    """A filter with its options (value, label)."""

    name: str
    label: str
    any_label: str
    options: list[tuple[str, str]]
    value: str = ""


def search_recordings(user: User, query: QueryDict) -> SearchResult:
    """Return the recordings of a user that match a query string."""
    mine = selectors.recordings_of(user).prefetch_related(None).prefetch_related("tags")
    filters = StudyRecordingFilter(query, mine, owner=user)
    in_use = {name: value for name in filters.filters if (value := query.get(name, "").strip())}
    if not filters.is_valid():
        return SearchResult(mine.none(), in_use, [f"{name}: {errors[0]}" for name, errors in filters.errors.items()])
    _, by = ORDERINGS.get(query.get("ordering", ""), ORDERINGS[NEWEST])
    return SearchResult(filters.qs.order_by(by, "pk"), in_use, [])


def filter_fields(user: User, projects: list[Project], in_use: dict[str, str]) -> list[FilterField]:
    """Return the filters with their options. A value in use stays an option although its object is gone."""
    specs = [spec for spec in store.list_models() if spec.kind != "eeg"]
    labels = [*dict.fromkeys(label for spec in specs for label in spec.labels), UNDETERMINED]
    fields = [
        FilterField(
            "project",
            "Project",
            "Any project",
            [(NO_PROJECT, "In no project"), *((str(project.pk), project.name) for project in projects)],
        ),
        FilterField("purpose", "Purpose", "Any purpose", [(each.value, each.label) for each in Purpose]),
        FilterField("tag", "Tag", "Any tag", [(tag.name, tag.name) for tag in selectors.tags_by_name(user)]),
        FilterField("label", "Leading emotion", "Any emotion", [(label, label.capitalize()) for label in labels]),
        FilterField(
            "status", "State", "Any state", [(str(status), text) for status, text in display_names.STATUSES.items()]
        ),
        FilterField(
            "model", "Model", "Any model", [(name, name) for name in dict.fromkeys(spec.name for spec in specs)]
        ),
    ]
    if project := next((each for each in projects if str(each.pk) == in_use.get("project")), None):
        codes = participants_of(project).values_list("pk", "code")[:MAX_PARTICIPANTS]
        options = [(str(pk), code) for pk, code in codes]
        fields.append(FilterField("participant", "Participant", "Any participant", options))
    return [_select(field, in_use.get(field.name, "")) for field in fields]


def _select(field: FilterField, value: str) -> FilterField:
    known = not value or value in dict(field.options)
    return replace(field, value=value, options=[*field.options, *([] if known else [(value, value)])])
