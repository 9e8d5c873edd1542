"""Creating recordings: no row or file is stored before all files of a recording have been checked."""

from __future__ import annotations  # File is generic in the stubs only

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.move import file_move_safe
from django.utils import timezone

from inference import validation
from inference.hashing import sha256_file
from inference.types import EegInput, Inputs, MediaInfo
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import quota, uploads
from webapp.recordings.check_slots import check_slot
from webapp.recordings.consent import VERSION
from webapp.recordings.models import MediaFile, Participant, Project, Purpose, Recording, Upload
from webapp.storage import media

Kind = MediaFile.Kind
STEM_MAX_LENGTH = 60  # of at most 4 bytes: file systems take 255
SUFFIX_MAX_LENGTH = 10


@dataclass(frozen=True)
class RecordingFiles:
    """The files of a new recording, and how the EEG is to be read. A UUID refers to a finished upload."""

    video: File[bytes] | UUID
    audio: File[bytes] | UUID | None = None
    eeg: File[bytes] | UUID | None = None
    eeg_trial: int | None = None
    eeg_sfreq: float | None = None
    eeg_unit: str | None = None

    @property
    def by_kind(self) -> dict[Kind, File[bytes] | UUID]:
        """The files that are there."""
        files = {Kind.VIDEO: self.video, Kind.AUDIO: self.audio, Kind.EEG: self.eeg}
        return {kind: file for kind, file in files.items() if file is not None}

    @property
    def upload_ids(self) -> dict[Kind, UUID]:
        """The uploads that are referred to."""
        return {kind: file for kind, file in self.by_kind.items() if isinstance(file, UUID)}


@dataclass(frozen=True, kw_only=True)
class NewRecording:
    """A recording as it is submitted: its files and what the user states about it.

    `link` is the id of the link by which a participant without an account submits it.
    """

    files: RecordingFiles
    consent: bool
    title: str = ""
    project: Project | None = None
    purpose: str | None = None
    purpose_note: str = ""
    participant: Participant | None = None
    consent_version: str = VERSION
    consent_at: datetime | None = None
    study_text: str = ""
    link: UUID | None = None
    idempotency_key: str | None = None

    def fingerprint(self, model: str) -> str:
        """SHA-256 that tells a repeated request from a different one.

        Files count by content, uploads by id: a used upload is gone, and a repetition still has its id.
        """
        files = self.files
        parts = {kind: str(file) if isinstance(file, UUID) else _sha256(file) for kind, file in files.by_kind.items()}
        # Optional values are left out if absent, so that earlier fingerprints stay valid.
        optional = (self.project and self.project.pk, self.purpose, self.purpose_note)
        sent = [
            *sorted(parts.items()),
            files.eeg_trial,
            files.eeg_sfreq,
            *((files.eeg_unit,) if files.eeg_unit else ()),
            self.title,
            model,
            *(str(value) for value in optional if value),
        ]
        return hashlib.sha256(repr(sent).encode()).hexdigest()


@dataclass(frozen=True)
class ValidatedUpload:
    """Checked files in a temporary directory."""

    files: RecordingFiles
    uploads: tuple[Upload, ...]
    paths: dict[Kind, Path]
    digests: dict[Kind, str]
    sizes: dict[Kind, int]
    info: MediaInfo


def require_consent(*, given: bool) -> None:
    """Raises RequestError(CONSENT_MISSING)."""
    if not given:
        raise RequestError(
            WebCode.CONSENT_MISSING,
            "Without consent nothing can be stored or read. Send consent=true if the person in the recording agreed.",
        )


def reject(*, owner: User, files: RecordingFiles, error: RequestError) -> RequestError:
    """Discard the uploads of a recording that is refused unseen; returns `error` with what happens to them.

    Uploads for a forbidden purpose are deleted at once, others unless a corrected request uses them within the hour.
    """
    if not files.upload_ids:
        return error
    for_good = error.code is WebCode.PURPOSE_FORBIDDEN
    uploads.discard_refused(owner=owner, uploads=files.upload_ids.values(), for_good=for_good)
    fate = "The files that were uploaded for it are removed" + ("." if for_good else " within an hour.")
    return RequestError(error.code, f"{error.message} {fate}", error.field)


@contextmanager
def validate_upload(*, owner: User, files: RecordingFiles) -> Iterator[ValidatedUpload]:
    """Copy the files to a temporary directory, which lasts as long as the block, and check them.

    Uploads stay until the recording is created. Raises InputError, and
    RequestError(UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE | CHECKS_BUSY).
    """
    ids = {f"{kind}_upload": pk for kind, pk in files.upload_ids.items()}
    finished = uploads.finished_uploads(owner=owner, uploads=ids)
    with media.scratch_dir() as directory:
        paths = {
            kind: _copy_file(file, directory / kind)
            if isinstance(file, File)
            else _copy_upload(finished[f"{kind}_upload"], directory / kind)
            for kind, file in files.by_kind.items()
        }
        eeg = EegInput(paths[Kind.EEG], files.eeg_trial, files.eeg_sfreq, files.eeg_unit) if Kind.EEG in paths else None
        received = Inputs(paths[Kind.VIDEO], paths.get(Kind.AUDIO), eeg)
        validation.check_extensions(received)
        with check_slot(owner=owner):
            info = validation.check_inputs(received, settings.LIMITS)
        digests = {kind: info.sha256 if kind is Kind.VIDEO else sha256_file(path) for kind, path in paths.items()}
        sizes = {kind: path.stat().st_size for kind, path in paths.items()}
        yield ValidatedUpload(files, tuple(finished.values()), paths, digests, sizes, info)


def store_files(*, pk: UUID, validated: ValidatedUpload) -> dict[Kind, str]:
    """Move the files into the storage for the coming recording `pk`; returns their keys.

    On any failure call `media.delete_recording(pk)`. Raises RequestError(STORAGE_UNAVAILABLE). It may take long: call
    it outside of a transaction.
    """
    return {kind: media.save(path, pk, _suffix(path)) for kind, path in validated.paths.items()}


def create_recording(
    *,
    pk: UUID,
    owner: User,
    new: NewRecording,
    purpose: Purpose,
    validated: ValidatedUpload,
    keys: dict[Kind, str],
    request_sha256: str,
) -> Recording:
    """Create the rows of files that `store_files` stored under `keys`.

    Belongs in a transaction that locks `owner`; if that fails, call `media.delete_recording(pk)`.
    Raises RequestError(QUOTA_BYTES | QUOTA_MINUTES | DISK_FULL), and RequestError(UPLOAD_UNKNOWN) if an upload was used
    or removed meanwhile.
    """
    info, files = validated.info, validated.files
    size = sum(validated.sizes.values())
    # Pending uploads count already, and no longer once they are consumed.
    quota.require_bytes(owner=owner, more=size - sum(upload.length for upload in validated.uploads))
    quota.require_seconds(owner=owner, more=info.duration_s)
    # A project that was deleted meanwhile leaves its recordings in none, this one as those before.
    project = new.project and Project.objects.filter(pk=new.project.pk).first()
    recording = Recording.objects.create(
        pk=pk,
        owner=owner,
        title=new.title or validated.paths[Kind.VIDEO].stem,
        project=project,
        participant=new.participant if project else None,
        purpose=purpose,
        purpose_note=new.purpose_note,
        consent_at=new.consent_at or timezone.now(),
        consent_version=new.consent_version,
        study_text=new.study_text,
        duration_s=info.duration_s,
        width=info.width,
        height=info.height,
        fps=info.fps,
        has_audio=info.has_audio,
        has_eeg=Kind.EEG in validated.paths,
        bytes=size,
        idempotency_key=new.idempotency_key,
        request_sha256=request_sha256,
    )
    for kind, path in validated.paths.items():
        is_eeg = kind is Kind.EEG
        MediaFile.objects.create(
            recording=recording,
            kind=kind,
            file=keys[kind],
            original_name=path.name,
            sha256=validated.digests[kind],
            bytes=validated.sizes[kind],
            eeg_trial=files.eeg_trial if is_eeg else None,
            eeg_sfreq=files.eeg_sfreq if is_eeg else None,
            eeg_unit=files.eeg_unit if is_eeg else None,
        )
    uploads.consume(uploads=validated.uploads)
    return recording


def _copy_file(file: File[bytes], directory: Path) -> Path:
    """The file in `directory` under its original name, which error messages quote."""
    directory.mkdir()
    path = directory / _safe_name(file.name)
    temporary = getattr(file, "temporary_file_path", None)
    if temporary is not None:
        file_move_safe(temporary(), str(path))
        return path
    with path.open("wb") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
    return path


def _copy_upload(upload: Upload, directory: Path) -> Path:
    """The upload in `directory` under its original name. Raises RequestError(UPLOAD_UNKNOWN) if it is gone."""
    directory.mkdir()
    path = directory / _safe_name(upload.name)
    try:
        media.copy_partial(upload.path, path)
    except FileNotFoundError as error:
        raise uploads.unknown_upload(upload.pk) from error
    return path


def _sha256(file: File[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _safe_name(given: str | None) -> str:
    """The client's file name without directories and unprintable characters."""
    path = Path("".join(character for character in Path(given or "").name if character.isprintable()))
    return f"{path.stem[:STEM_MAX_LENGTH]}{_suffix(path)}".lstrip(".") or "file"


def _suffix(path: Path) -> str:
    suffix = path.suffix
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= SUFFIX_MAX_LENGTH else ""
