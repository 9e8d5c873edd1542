"""Export of all personal data of a user."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import IO, Any, cast

from axes.models import AccessLog
from django.core.serializers.json import DjangoJSONEncoder
from django.dispatch import Signal
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.selectors import has_second_factor, quota_of, tokens_of
from webapp.analyses import selectors
from webapp.analyses.downloads.archive import folder_name
from webapp.analyses.models import Analysis
from webapp.audit.models import Action
from webapp.audit.selectors import entries_about
from webapp.audit.services import record
from webapp.core.file_names import safe_name
from webapp.recordings.models import Recording
from webapp.recordings.permissions import shared_with, shares_of
from webapp.storage import media
from webapp.storage.zip_stream import DEFLATED, STORED, ZipStream

ACCOUNT_FIELDS = ("username", "first_name", "last_name", "email", "date_joined", "last_login", "is_superuser")
ANALYSIS_FIELDS = (
    *("id", "status", "model_name", "model_version", "created_at", "started_at", "timeline_at", "finished_at"),
    *("error_code", "error_message"),
)
RECORDING_FIELDS = (
    "id",
    "title",
    "created_at",
    "duration_s",
    "width",
    "height",
    "fps",
    "has_audio",
    "has_eeg",
    "bytes",
)
CONSENT_FIELDS = ("purpose", "purpose_note", "consent_at", "consent_version", "consent_text")
PROJECT_FIELDS = ("id", "name", "description", "purpose", "retention_days", "created_at")
SHARE_FIELDS = (
    *("recording_id", "project_id", "note", "may_download", "consent_at", "consent_version", "consent_text"),
    *("created_at", "expires_at", "last_seen_at", "openings"),
)
ACTIVITY_FIELDS = ("at", "action", "kind", "object_id")
FILE_FIELDS = ("kind", "original_name", "bytes", "sha256", "eeg_trial", "eeg_sfreq", "eeg_unit")


exporting_account = Signal()
"""Arguments: user: User. Receivers, of apps above this one, return an iterable of ExportedFile."""

exporting_recording = Signal()
"""Arguments: recording: Recording. Receivers return a dict, whose items are added to recording.json."""


@dataclass(frozen=True)
class ExportedFile:
    """A file of the archive: JSON of `data`, or the stored file `key`."""

    name: str
    at: datetime
    data: dict[str, Any] | None = None
    key: str = ""


def personal_data_archive(user: User) -> Iterator[bytes]:
    """A zip file in chunks: account.json, a folder per recording and project, uploads.

    What is erased meanwhile is left out.
    """
    record(Action.DATA_EXPORTED, by=user.pk, owner=user.pk)
    return _stream(user)


def _stream(user: User) -> Iterator[bytes]:
    stream, now = ZipStream(), timezone.now()
    yield from _add_json(stream, "account.json", _account(user), now)
    for number, pk in enumerate(user.recordings.order_by("created_at").values_list("pk", flat=True), 1):
        recording = Recording.objects.prefetch_related("files").filter(pk=pk, owner=user).first()
        if recording is not None:
            yield from _add_recording(stream, f"recordings/{folder_name(number, recording.title)}", recording)
    for _, files in exporting_account.send(sender=User, user=user):
        for file in cast("Iterable[ExportedFile]", files):
            if file.data is not None:
                yield from _add_json(stream, file.name, file.data, file.at)
            else:
                yield from _add_stored_file(stream, file.name, file.key, file.at)
    for upload in user.uploads.all():
        yield from _add_file(stream, f"uploads/{upload.pk}", partial(media.open_partial, upload.path), now)
    yield from stream.close()


def _account(user: User) -> dict[str, Any]:
    return {
        **_fields(user, ACCOUNT_FIELDS),
        "second_factor": has_second_factor(user),
        "quota": asdict(quota_of(user)),
        "tokens": list(tokens_of(user).values("name", "created_at", "last_used_at")),
        "projects": [_fields(project, PROJECT_FIELDS) for project in user.projects.order_by("created_at")],
        "shares": [
            {**_fields(share, SHARE_FIELDS), "with": share.person.get_username() if share.person else None}
            for share in shares_of(user)
        ],
        "shared_with_me": [{"title": each.title, "owner": each.owner.get_username()} for each in shared_with(user)],
        "activity": [
            {**_fields(entry, ACTIVITY_FIELDS), "by_oneself": entry.actor_id == user.pk}
            for entry in entries_about(user.pk).iterator()
        ],
        "uploads": list(user.uploads.values("id", "name", "length", "offset", "expires_at")),
        "logins": list(
            AccessLog.objects.filter(username=user.get_username()).values(
                "attempt_time", "logout_time", "ip_address", "user_agent"
            )
        ),
    }


def _add_recording(stream: ZipStream, folder: str, recording: Recording) -> Iterator[bytes]:
    analyses = list(Analysis.objects.filter(recording=recording).order_by("created_at").prefetch_related("artifacts"))
    data = {
        **_fields(recording, RECORDING_FIELDS),
        "project": recording.project and recording.project.name,
        "tags": [tag.name for tag in recording.tags.all()],
        "delete_at": recording.delete_at,
        "consent": _fields(recording, CONSENT_FIELDS),
        "files": [_fields(file, FILE_FIELDS) for file in recording.files.all()],
        "analyses": [_fields(analysis, ANALYSIS_FIELDS) for analysis in analyses],
    }
    answers: list[tuple[Any, Any]] = exporting_recording.send(sender=Recording, recording=recording)
    for _, more in answers:
        data |= more
    yield from _add_json(stream, f"{folder}/recording.json", data, recording.created_at)
    for file in recording.files.all():
        # Two files may have the same original name.
        original = PurePath(file.original_name)
        name = f"{folder}/originals/{file.kind}/{safe_name(original.stem, 'file')}{original.suffix}"
        yield from _add_stored_file(stream, name, file.key, recording.created_at)
    for analysis in analyses:
        analysis_folder = f"{folder}/analyses/{analysis.pk}"
        if analysis.timeline_at is not None:
            analysis.recording = recording
            content = io.BytesIO(selectors.export(analysis, "json", own=True))
            yield from stream.add(f"{analysis_folder}/result.json", content, analysis.timeline_at, DEFLATED)
        for artifact in analysis.artifacts.all():
            name = f"{analysis_folder}/{artifact.kind}{media.suffix(artifact.key)}"
            yield from _add_stored_file(stream, name, artifact.key, artifact.created_at)


def _add_json(stream: ZipStream, name: str, content: dict[str, Any], at: datetime) -> Iterator[bytes]:
    text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    yield from stream.add(name, io.BytesIO(text.encode()), at, DEFLATED)


def _add_stored_file(stream: ZipStream, name: str, key: str, at: datetime) -> Iterator[bytes]:
    yield from _add_file(stream, name, partial(media.storage().open, key), at)


def _add_file(stream: ZipStream, name: str, open_file: Callable[[], IO[bytes]], at: datetime) -> Iterator[bytes]:
    with suppress(FileNotFoundError), open_file() as content:
        yield from stream.add(name, content, at, STORED)


def _fields(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
