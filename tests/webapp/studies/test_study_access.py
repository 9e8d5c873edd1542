"""Whom a project is shared with sees all of its study; nobody else learns that it is there."""

from datetime import timedelta

import pytest
from django.http import Http404
from django.utils import timezone

from tests.webapp import sharing
from tests.webapp.factories import MarkerFactory, ParticipantFactory, ProjectFactory, RecordingFactory, UserFactory
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import Share
from webapp.studies import permissions, selectors


def test_the_owner_has_all_of_it(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    access = permissions.project_access(owner, project.pk)
    assert (access.project, access.own, access.may_download) == (project, True, True)


def test_whom_it_is_shared_with_sees_it_and_downloads_where_allowed(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    for may_download in (False, True):
        viewer = UserFactory.create()
        share = sharing.with_person(project, viewer, may_download=may_download)
        access = permissions.project_access(viewer, project.pk)
        assert (access.project, access.own, access.may_download) == (project, False, may_download)
        assert Share.objects.get(pk=share.pk).last_seen_at is not None
    access.require_download()
    Share.objects.filter(pk=share.pk).update(may_download=False)
    with pytest.raises(RequestError) as refused:
        permissions.project_access(viewer, project.pk).require_download()
    assert refused.value.code == "view_only"


def test_a_stranger_and_an_ended_link_find_nothing(owner: User, stranger: User) -> None:
    project = ProjectFactory.create(owner=owner)
    recording = RecordingFactory.create(owner=owner, project=project)
    link, _ = sharing.by_link(project)
    assert permissions.project_access(link, project.pk).project == project
    Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for viewer in (stranger, link):
        with pytest.raises(Http404):
            permissions.project_access(viewer, project.pk)
        with pytest.raises(Http404):
            permissions.recording_access(viewer, recording.pk)


def test_a_shared_recording_shows_its_markers_and_not_its_project(owner: User, stranger: User) -> None:
    project = ProjectFactory.create(owner=owner)
    recording = RecordingFactory.create(owner=owner, project=project)
    marker = MarkerFactory.create(recording=recording)
    sharing.with_person(recording, stranger)
    access = permissions.recording_access(stranger, recording.pk)
    assert not access.own
    assert list(selectors.markers_on(access.recording)) == [marker]
    with pytest.raises(Http404):
        permissions.project_access(stranger, project.pk)


def test_who_may_see_may_not_change(owner: User, stranger: User) -> None:
    project = ProjectFactory.create(owner=owner)
    sharing.with_person(project, stranger, may_download=True)
    participant = ParticipantFactory.create(project=project)
    marker = MarkerFactory.create(recording=RecordingFactory.create(owner=owner, project=project))
    for find, row in ((selectors.participant_for, participant), (selectors.marker_for, marker)):
        assert find(owner, row.pk) == row
        with pytest.raises(Http404):
            find(stranger, row.pk)
