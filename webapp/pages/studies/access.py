"""Who sees a page of a project: its owner, and users with whom it is shared, who change nothing."""

from typing import Any
from uuid import UUID

from webapp.pages.requests import AuthenticatedRequest
from webapp.recordings.selectors import project_for
from webapp.studies import permissions
from webapp.studies.permissions import ProjectAccess

READING = ("GET", "HEAD")


def open_project(request: AuthenticatedRequest, pk: UUID) -> ProjectAccess:
    """The access of the request's user to the project; what is not reading is the owner's only. Raises Http404."""
    if request.method not in READING:
        project_for(request.user, pk)
    return permissions.project_access(request.user, pk)


def tab_context(access: ProjectAccess, tab: str, title: str) -> dict[str, Any]:
    """What the head of a project's page shows: `tab` is the name of the open tab."""
    return {
        "project": access.project,
        "own": access.own,
        "may_download": access.may_download,
        "tab": tab,
        "title": title,
    }
