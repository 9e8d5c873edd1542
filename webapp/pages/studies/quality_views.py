"""How well the recordings of a project can be read, and what it needs of them."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from webapp.analyses.models import Analysis
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.recordings.models import Project
from webapp.studies.quality import Quality, qualities
from webapp.studies.table.recordings import chosen_analyses
from webapp.studies.thresholds import NAMES, Thresholds, set_thresholds, shortfalls, thresholds_of

PAGE_SIZE = 50
CHUNK = 500  # analyses of which the quality is read at once
HINTS = {
    "face_share": "Of the time, in percent.",
    "face_size": "Of the picture’s height, in percent.",
    "voice_share": "Of the time, in percent.",
    "mean_confidence": "In percent.",
}


class ThresholdsForm(forms.Form):
    """The least value of each property in percent; an empty field needs nothing."""

    def __init__(self, *args: object, thresholds: Thresholds) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        for name, label in NAMES.items():
            self.fields[name] = forms.FloatField(
                label=f"Least {label}",
                required=False,
                min_value=0,
                max_value=100,
                initial=f"{100 * thresholds[name]:g}" if name in thresholds else None,
                help_text=HINTS[name],
                widget=forms.NumberInput({"class": "form-control numbers", "step": "any", "min": 0, "max": 100}),
                error_messages=dict.fromkeys(
                    ("min_value", "max_value", "invalid"), "Enter a percentage from 0 to 100."
                ),
            )

    def shares(self) -> dict[str, float | None]:
        """The thresholds of a valid form, 0 to 1."""
        return {name: None if value is None else value / 100 for name, value in self.cleaned_data.items()}


@dataclass(frozen=True)
class QualityRow:
    """A recording with its quality, and the properties that are below their threshold."""

    analysis: Analysis
    quality: Quality
    below: list[str]

    @property
    def cells(self) -> list[tuple[float | None, bool]]:
        """The properties that have thresholds, in percent, and whether each is below its own."""
        values = [(name, getattr(self.quality, name)) for name in NAMES]
        return [(None if value is None else 100 * value, name in self.below) for name, value in values]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def quality(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the recordings with their quality; with POST, set the project's thresholds."""
    access = open_project(request, pk)
    thresholds = thresholds_of(access.project.pk)
    form = ThresholdsForm(request.POST if request.method == "POST" else None, thresholds=thresholds)
    if form.is_valid():
        set_thresholds(project=access.project, by=request.user, **form.shares())
        messages.success(request, "The thresholds are saved. Recordings below them are left out of comparisons.")
        return redirect("pages:project-quality", pk)
    only_below = "below" in request.GET
    chosen = chosen_analyses(access.project).values_list("pk", flat=True)
    pks = _below(list(chosen), thresholds) if only_below else chosen
    page = Paginator(pks, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **tab_context(access, "quality", "Quality"),
        "form": form,
        "thresholds": [(NAMES[name], 100 * value) for name, value in thresholds.items()],
        "names": [name.capitalize() for name in NAMES.values()],
        "only_below": only_below,
        "page": page,
        "rows": _rows(access.project, list(page), thresholds),
    }
    return render(request, "pages/studies/quality.html", context, status=422 if form.is_bound else 200)


def _below(pks: list[UUID], thresholds: Thresholds) -> list[UUID]:
    """Those analyses that are below a threshold."""
    parts = (pks[first : first + CHUNK] for first in range(0, len(pks), CHUNK))
    found = {pk: one for part in parts for pk, one in qualities(part).items()}
    return [pk for pk in pks if pk in found and shortfalls(found[pk], thresholds)]


def _rows(project: Project, pks: list[UUID], thresholds: Thresholds) -> list[QualityRow]:
    found = qualities(pks)
    analyses = {analysis.pk: analysis for analysis in chosen_analyses(project).filter(pk__in=pks)}
    return [
        QualityRow(analyses[pk], found[pk], shortfalls(found[pk], thresholds))
        for pk in pks
        if pk in found and pk in analyses
    ]
