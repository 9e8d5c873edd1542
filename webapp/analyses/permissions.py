"""Read access to analyses, own and shared. Writes use `selectors.analysis_for`, which finds own analyses only."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.audit.models import Action
from webapp.audit.services import record_throttled
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import permissions, sharing
from webapp.recordings.models import Recording
from webapp.recordings.permissions import Viewer


@dataclass(frozen=True)
class AnalysisAccess:
    """A viewer's access to an analysis."""

    viewer: Viewer
    analysis: Analysis
    own: bool
    may_download: bool

    def require_download(self) -> Analysis:
        """The analysis. Raises RequestError(VIEW_ONLY) if its files may not be downloaded."""
        if not self.may_download:
            raise RequestError(
                WebCode.VIEW_ONLY, "This is shared for viewing only. Ask its owner, who can allow downloads."
            )
        return self.analysis

    def siblings(self) -> QuerySet[Analysis]:
        """All analyses of the recording: access to one includes the others."""
        return selectors.analyses_on(Recording.objects.filter(pk=self.analysis.recording_id))


def access_for(viewer: Viewer, pk: UUID) -> AnalysisAccess:
    """The viewer's access to the analysis `pk`; views of others are recorded for the owner. Raises Http404."""
    if isinstance(viewer, User):
        own = selectors.analyses_of(viewer).filter(pk=pk).first()
        if own is not None:
            return AnalysisAccess(viewer, own, own=True, may_download=True)
    analysis = get_object_or_404(selectors.analyses_on(permissions.shared_with(viewer)), pk=pk)
    sharing.record_view(viewer=viewer, target=analysis.recording)
    allowed = permissions.shares_granting(viewer, analysis.recording).filter(may_download=True).exists()
    return AnalysisAccess(viewer, analysis, own=False, may_download=allowed)


def record_download(action: Action, *, viewer: Viewer, target: Recording | Analysis) -> None:
    """Record in the audit log that a viewer fetches a file of a recording."""
    recording = target if isinstance(target, Recording) else target.recording
    by, link = (viewer.pk, None) if isinstance(viewer, User) else (None, viewer.pk)
    record_throttled(action, by=by, owner=recording.owner_id, target=target, link=link)
