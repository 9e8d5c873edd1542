"""One's recordings as they are looked for: by what, in which order, and what there is to choose from."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict

from inference import store
from inference.types import UNDETERMINED
from webapp.accounts.models import User
from webapp.analyses.filters import NO_PROJECT, RecordingFilter
from webapp.pages import display_names
from webapp.recordings import selectors
from webapp.recordings.models import Project, Purpose, Recording

NEWEST = "-created_at"
ORDERINGS: dict[str, tuple[str, Any]] = {
    NEWEST: ("Newest first", "-created_at"),
    "created_at": ("Oldest first", "created_at"),
    "title": ("Title, A to Z", Lower("title")),
    "-title": ("Title, Z to A", Lower("title").desc()),
    "-duration_s": ("Longest first", "-duration_s"),
    "duration_s": ("Shortest first", "duration_s"),
}


@dataclass(frozen=True)
class Found:
    """`recordings` in order; none where a filter makes no sense, which `wrong` says. `asked` are the filters in use."""

    recordings: QuerySet[Recording]
    asked: dict[str, str]
    wrong: list[str]

    @property
    def narrowed(self) -> bool:
        """Whether any of the filters is in use that stand folded."""
        return bool(self.asked.keys() - {"search"})


@dataclass(frozen=True)
class Choice:
    """A field of the filters, and what it can be: (value, words) each."""

    name: str
    label: str
    anything: str
    options: list[tuple[str, str]]
    value: str = ""


def found(user: User, query: QueryDict) -> Found:
    """What a query finds, whether it comes with an address or with a form."""
    mine = selectors.recordings_of(user).prefetch_related(None).prefetch_related("tags").select_related("project")
    filters = RecordingFilter(query, mine)
    asked = {name: value for name in filters.filters if (value := query.get(name, "").strip())}
    if not filters.is_valid():
        return Found(mine.none(), asked, [f"{name}: {errors[0]}" for name, errors in filters.errors.items()])
    _, by = ORDERINGS.get(query.get("ordering", ""), ORDERINGS[NEWEST])
    return Found(filters.qs.order_by(by, "pk"), asked, [])


def choices(user: User, projects: list[Project], asked: dict[str, str]) -> list[Choice]:
    """The fields to choose from. What was asked for stays among the options although it is gone."""
    specs = [spec for spec in store.list_models() if spec.kind != "eeg"]
    labels = [*dict.fromkeys(label for spec in specs for label in spec.labels), UNDETERMINED]
    every = [
        Choice(
            "project",
            "Project",
            "Any project",
            [(NO_PROJECT, "In no project"), *((str(project.pk), project.name) for project in projects)],
        ),
        Choice("purpose", "Purpose", "Any purpose", [(each.value, each.label) for each in Purpose]),
        Choice("tag", "Tag", "Any tag", [(tag.name, tag.name) for tag in selectors.tags_of(user)]),
        Choice("label", "Leading emotion", "Any emotion", [(label, label.capitalize()) for label in labels]),
        Choice(
            "status", "State", "Any state", [(str(status), text) for status, text in display_names.STATUSES.items()]
        ),
        Choice("model", "Model", "Any model", [(name, name) for name in dict.fromkeys(spec.name for spec in specs)]),
    ]
    return [_with(choice, asked.get(choice.name, "")) for choice in every]


def _with(choice: Choice, value: str) -> Choice:
    known = not value or value in dict(choice.options)
    return replace(choice, value=value, options=[*choice.options, *([] if known else [(value, value)])])
