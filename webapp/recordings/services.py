"""Receiving recordings: nothing is kept, neither a row nor a file, before every file of it has been checked."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.move import file_move_safe
from django.utils import timezone

from inference import validation
from inference.media.probe import sha256
from inference.types import EegInput, Inputs, MediaInfo
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import quota
from webapp.recordings import uploads as uploads
from webapp.recordings.check_slots import checking
from webapp.recordings.models import MediaFile, Project, Purpose, Recording, Transfer
from webapp.storage import media

Kind = MediaFile.Kind
NAME_CHARACTERS = 60  # of at most 4 bytes: file systems take 255
SUFFIX_CHARACTERS = 10


@dataclass(frozen=True)
class Upload:
    """The files as they come from the client, and how the EEG is to be read. A UUID names a finished upload."""

    video: File | UUID
    audio: File | UUID | None = None
    eeg: File | UUID | None = None
    eeg_trial: int | None = None
    eeg_sfreq: float | None = None
    eeg_unit: str | None = None

    @property
    def files(self) -> dict[Kind, File | UUID]:
        every = {Kind.VIDEO: self.video, Kind.AUDIO: self.audio, Kind.EEG: self.eeg}
        return {kind: file for kind, file in every.items() if file is not None}

    def fingerprint(self, *also: str) -> str:
        """Tells a repeated request from another one: a digest of everything that was sent, or of its uploads' names.

        An upload is gone once it was used; its name is what a repeated request still has of it.
        """
        files = {kind: str(file) if isinstance(file, UUID) else _sha256(file) for kind, file in self.files.items()}
        sent = [
            *sorted(files.items()),
            self.eeg_trial,
            self.eeg_sfreq,
            *((self.eeg_unit,) if self.eeg_unit else ()),
            *also,
        ]
        return hashlib.sha256(repr(sent).encode()).hexdigest()


@dataclass(frozen=True)
class Received:
    """Checked files in a workplace that does not outlive the request."""

    upload: Upload
    transfers: tuple[Transfer, ...]
    paths: dict[Kind, Path]
    digests: dict[Kind, str]
    sizes: dict[Kind, int]
    info: MediaInfo


def require_consent(*, given: bool) -> None:
    if not given:
        raise RequestError(
            WebCode.CONSENT_MISSING,
            "Without consent nothing can be stored or read. Send consent=true if the person in the recording agreed.",
        )


def refused(*, owner: User, upload: Upload, error: RequestError) -> RequestError:
    """`error`, which refuses a recording before its files were looked at, with what becomes of its uploads.

    What nobody agreed to is not kept: uploads for a forbidden purpose go at once, others unless the request is
    corrected within the hour.
    """
    named = [file for file in upload.files.values() if isinstance(file, UUID)]
    if not named:
        return error
    for_good = error.code is WebCode.PURPOSE_FORBIDDEN
    uploads.refuse(owner=owner, uploads=named, for_good=for_good)
    fate = "The files that were uploaded for it are removed" + ("." if for_good else " within an hour.")
    return RequestError(error.code, f"{error.message} {fate}", error.field)


@contextmanager
def received(*, owner: User, upload: Upload) -> Iterator[Received]:
    """Take the files over and check them. What is not kept inside the block is removed at its end, except uploads:
    these stay where they are until the recording is kept.

    Raises InputError, and RequestError(UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE | CHECKS_BUSY).
    """
    named = {f"{kind}_upload": file for kind, file in upload.files.items() if isinstance(file, UUID)}
    transfers = uploads.finished(owner=owner, uploads=named)
    with media.scratch_dir() as place:
        paths = {
            kind: _put(file, place / kind)
            if isinstance(file, File)
            else _take(transfers[f"{kind}_upload"], place / kind)
            for kind, file in upload.files.items()
        }
        eeg = (
            EegInput(paths[Kind.EEG], upload.eeg_trial, upload.eeg_sfreq, upload.eeg_unit)
            if Kind.EEG in paths
            else None
        )
        files = Inputs(paths[Kind.VIDEO], paths.get(Kind.AUDIO), eeg)
        validation.check_extensions(files)
        with checking(owner=owner):
            info = validation.check_inputs(files, settings.LIMITS)
        digests = {kind: info.sha256 if kind is Kind.VIDEO else sha256(path) for kind, path in paths.items()}
        sizes = {kind: path.stat().st_size for kind, path in paths.items()}
        yield Received(upload, tuple(transfers.values()), paths, digests, sizes, info)


def put(*, pk: UUID, files: Received) -> dict[Kind, str]:
    """Move the files to the recording that `pk` will be; their names there. If it fails, `media.delete_recording(pk)`.

    Raises RequestError(STORAGE_UNAVAILABLE). It may take a while: no transaction should wait for it.
    """
    return {kind: media.save(path, pk, _suffix(path)) for kind, path in files.paths.items()}


def keep(
    *,
    pk: UUID,
    owner: User,
    files: Received,
    names: dict[Kind, str],
    title: str,
    project: Project | None,
    purpose: Purpose,
    purpose_note: str,
    consent_version: str,
    request_sha256: str,
    idempotency_key: str | None,
) -> Recording:
    """Make the rows of files that `put` moved. Belongs in a transaction; if that fails, `media.delete_recording(pk)`.

    Raises RequestError(QUOTA_BYTES | QUOTA_MINUTES | DISK_FULL), and RequestError(UPLOAD_UNKNOWN) where an upload was
    used or removed meanwhile.
    """
    info = files.info
    sizes = files.sizes
    owner = accounts.locked(owner)
    # An upload has been counted since it was begun, and is not any more from here on.
    quota.require_bytes(owner=owner, more=sum(sizes.values()) - sum(transfer.length for transfer in files.transfers))
    quota.require_seconds(owner=owner, more=info.duration_s)
    recording = Recording.objects.create(
        pk=pk,
        owner=owner,
        title=title or files.paths[Kind.VIDEO].stem,
        project=project,
        purpose=purpose,
        purpose_note=purpose_note,
        consent_at=timezone.now(),
        consent_version=consent_version,
        duration_s=info.duration_s,
        width=info.width,
        height=info.height,
        fps=info.fps,
        has_audio=info.has_audio,
        has_eeg=Kind.EEG in files.paths,
        bytes=sum(sizes.values()),
        idempotency_key=idempotency_key,
        request_sha256=request_sha256,
    )
    for kind, path in files.paths.items():
        MediaFile.objects.create(
            recording=recording,
            kind=kind,
            file=names[kind],
            original_name=path.name,
            sha256=files.digests[kind],
            bytes=sizes[kind],
            eeg_trial=files.upload.eeg_trial if kind is Kind.EEG else None,
            eeg_sfreq=files.upload.eeg_sfreq if kind is Kind.EEG else None,
            eeg_unit=files.upload.eeg_unit if kind is Kind.EEG else None,
        )
    uploads.consume(transfers=files.transfers)
    return recording


def _put(file: File, place: Path) -> Path:
    """Bring a file to `place` under its own name, which is the one that messages should say."""
    place.mkdir()
    path = place / _name(file.name)
    temporary = getattr(file, "temporary_file_path", None)
    if temporary is not None:
        file_move_safe(temporary(), str(path))
        return path
    with path.open("wb") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
    return path


def _take(transfer: Transfer, place: Path) -> Path:
    """An upload under its own name. Raises RequestError(UPLOAD_UNKNOWN) where they have just gone."""
    place.mkdir()
    path = place / _name(transfer.name)
    try:
        media.copy_partial(transfer.path, path)
    except FileNotFoundError as error:
        raise uploads.unknown(transfer.pk) from error
    return path


def _sha256(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _name(given: str | None) -> str:
    """The name the client gave, without anything that could lead elsewhere or spoil a line."""
    path = Path("".join(character for character in Path(given or "").name if character.isprintable()))
    return f"{path.stem[:NAME_CHARACTERS]}{_suffix(path)}".lstrip(".") or "file"


def _suffix(path: Path) -> str:
    suffix = path.suffix
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= SUFFIX_CHARACTERS else ""
