"""Access to studies. Whom a project is shared with sees all of its study and changes nothing.

Writes use the getters of `selectors`, which find own objects only. Someone else's object is answered 404.
"""

from dataclasses import dataclass
from uuid import UUID

from django.shortcuts import get_object_or_404

from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import permissions, sharing
from webapp.recordings.models import Project, Recording
from webapp.recordings.permissions import Viewer


@dataclass(frozen=True)
class _Access:
    viewer: Viewer
    own: bool
    may_download: bool

    def require_download(self) -> None:
        """Raises RequestError(VIEW_ONLY) if its data may not be downloaded."""
        if not self.may_download:
            raise RequestError(
                WebCode.VIEW_ONLY, "This is shared for viewing only. Ask its owner, who can allow downloads."
            )


@dataclass(frozen=True)
class ProjectAccess(_Access):
    """A viewer's access to a project's study."""

    project: Project


@dataclass(frozen=True)
class RecordingAccess(_Access):
    """A viewer's access to the markers and the transcript of a recording."""

    recording: Recording


def project_access(viewer: Viewer, pk: UUID) -> ProjectAccess:
    """The viewer's access to the project `pk`; views of others are recorded for the owner. Raises Http404."""
    if isinstance(viewer, User) and (own := viewer.projects.filter(pk=pk).first()):
        return ProjectAccess(viewer, own=True, may_download=True, project=own)
    project = get_object_or_404(permissions.projects_shared_with(viewer), pk=pk)
    return ProjectAccess(viewer, own=False, may_download=_open(viewer, project), project=project)


def recording_access(viewer: Viewer, pk: UUID) -> RecordingAccess:
    """The viewer's access to the recording `pk`; views of others are recorded for the owner. Raises Http404."""
    if isinstance(viewer, User) and (own := viewer.recordings.filter(pk=pk).first()):
        return RecordingAccess(viewer, own=True, may_download=True, recording=own)
    recording = get_object_or_404(permissions.shared_with(viewer), pk=pk)
    return RecordingAccess(viewer, own=False, may_download=_open(viewer, recording), recording=recording)


def _open(viewer: Viewer, target: Project | Recording) -> bool:
    """Record that the viewer sees the target; returns whether its data may be downloaded."""
    sharing.record_view(viewer=viewer, target=target)
    return permissions.shares_granting(viewer, target).filter(may_download=True).exists()
