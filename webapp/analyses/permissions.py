"""The one door for whoever looks: at what they own, or at what was shared with them.

It gives nothing to write to: services are called with what `selectors.analysis_for` finds, which is one's own.
"""

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
    """An analysis as a viewer may see it."""

    viewer: Viewer
    analysis: Analysis
    own: bool
    may_download: bool

    def require_download(self) -> Analysis:
        """The analysis, of which files may be taken away. Raises RequestError(VIEW_ONLY)."""
        if not self.may_download:
            raise RequestError(
                WebCode.VIEW_ONLY, "This is shared for viewing only. Ask its owner, who can allow downloads."
            )
        return self.analysis

    def siblings(self) -> QuerySet[Analysis]:
        """Every analysis of the recording: whoever sees one sees all."""
        return selectors.analyses_on(Recording.objects.filter(pk=self.analysis.recording_id))


def access_for(viewer: Viewer, pk: UUID) -> AnalysisAccess:
    """The analysis `pk` for a viewer, whose looking is noted for the owner. Raises Http404."""
    if isinstance(viewer, User):
        own = selectors.analyses_of(viewer).filter(pk=pk).first()
        if own is not None:
            return AnalysisAccess(viewer, own, own=True, may_download=True)
    analysis = get_object_or_404(selectors.analyses_on(permissions.shared_with(viewer)), pk=pk)
    sharing.record_view(viewer=viewer, recording=analysis.recording)
    allowed = permissions.shares_granting(viewer, analysis.recording).filter(may_download=True).exists()
    return AnalysisAccess(viewer, analysis, own=False, may_download=allowed)


def record_download(action: Action, *, viewer: Viewer, thing: Recording | Analysis) -> None:
    """For the audit log: a file of a recording is handed to a viewer."""
    recording = thing if isinstance(thing, Recording) else thing.recording
    by, link = (viewer.pk, None) if isinstance(viewer, User) else (None, viewer.pk)
    record_throttled(action, by=by, owner=recording.owner_id, target=thing, link=link)
