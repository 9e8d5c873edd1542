"""The thresholds of a project below which a recording is left out of comparisons."""

from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.recordings.models import Project
from webapp.studies.changes import begin_change
from webapp.studies.models import QualityThresholds
from webapp.studies.quality import Quality, qualities

NAMES = {
    "face_share": "face share",
    "face_size": "face size",
    "voice_share": "voice share",
    "mean_confidence": "mean confidence",
}
Thresholds = dict[str, float]


def thresholds_of(project_id: UUID) -> Thresholds:
    """The least value of each property that has one."""
    row = QualityThresholds.objects.filter(project=project_id).values(*NAMES).first() or {}
    return {name: value for name, value in row.items() if value is not None}


@transaction.atomic
def set_thresholds(*, project: Project, by: User, **thresholds: float | None) -> None:
    """Replace the project's thresholds, each of NAMES; None needs nothing."""
    begin_change(project=project, by=by, action=Action.THRESHOLDS_CHANGED)
    QualityThresholds.objects.update_or_create(project=project, defaults=dict.fromkeys(NAMES) | thresholds)


def shortfalls(quality: Quality, thresholds: Thresholds) -> list[str]:
    """The properties that are below their threshold; what is not known is below none."""
    known = {name: getattr(quality, name) for name in thresholds}
    return [name for name, value in known.items() if value is not None and value < thresholds[name]]


def shortfalls_of(analysis_id: UUID, project_id: UUID | None) -> list[str]:
    """The names, for people, of what is below a threshold of its project in one analysis."""
    thresholds = thresholds_of(project_id) if project_id else {}
    if not thresholds:
        return []
    quality = qualities([analysis_id]).get(analysis_id)
    return [NAMES[name] for name in shortfalls(quality, thresholds)] if quality else []
