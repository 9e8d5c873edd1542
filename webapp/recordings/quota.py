"""Storage and duration quotas, and free disk space.

Files as sent count, and pending uploads with their announced length; derived files do not. The functions that check a
user's quota belong in a transaction that locks the user's row (`accounts.locked`). Free disk space is measured, not
reserved: announced uploads take none of it.
"""

import shutil

from django.conf import settings
from django.db.models import Sum

from webapp.accounts.models import User
from webapp.accounts.selectors import quota_of
from webapp.core.errors import RequestError, WebCode, disk_full
from webapp.storage import media

MAX_PENDING_UPLOADS = 1000  # per user


def used_bytes(user: User) -> int:
    """Bytes of the user's recordings, stimuli and pending uploads."""
    stored = user.recordings.aggregate(sum=Sum("bytes"))["sum"] or 0
    stimuli = user.projects.aggregate(sum=Sum("stimuli__bytes"))["sum"] or 0
    pending = user.uploads.aggregate(sum=Sum("length"))["sum"] or 0
    return int(stored + stimuli + pending)


def used_seconds(user: User) -> float:
    """Total duration of the user's recordings."""
    return float(user.recordings.aggregate(sum=Sum("duration_s"))["sum"] or 0.0)


def require_bytes(*, owner: User, more: int) -> None:
    """Raises RequestError(QUOTA_BYTES | DISK_FULL) if `more` bytes do not fit."""
    if more <= 0:
        return
    allowed = quota_of(owner).bytes
    if allowed is not None and (left := allowed - used_bytes(owner)) < more:
        raise RequestError(
            WebCode.QUOTA_BYTES,
            f"{_megabytes(more)} are more than the {_megabytes(max(0, left))} that are left of your "
            f"{_megabytes(allowed)}. Delete recordings that you need no more, or ask an administrator for more room.",
        )
    require_disk(more)


def require_disk(more: int) -> None:
    """Raises RequestError(DISK_FULL) if `more` bytes would leave less than the reserve free."""
    if shutil.disk_usage(media.root()).free - more < settings.DISK_RESERVE_BYTES:
        raise disk_full()


def require_upload(*, owner: User, length: int) -> None:
    """Raises RequestError(QUOTA_UPLOADS | QUOTA_BYTES | DISK_FULL) if no upload of `length` bytes may begin."""
    if owner.uploads.count() >= MAX_PENDING_UPLOADS:
        raise RequestError(
            WebCode.QUOTA_UPLOADS,
            f"{MAX_PENDING_UPLOADS} of your uploads are pending, which is the maximum. Finish or remove some.",
        )
    require_bytes(owner=owner, more=length)


def require_seconds(*, owner: User, more: float) -> None:
    """Raises RequestError(QUOTA_MINUTES) if `more` seconds of recording do not fit."""
    allowed = quota_of(owner).minutes
    if allowed is not None and (left := 60 * allowed - used_seconds(owner)) < more:
        raise RequestError(
            WebCode.QUOTA_MINUTES,
            f"{more / 60:.1f} minutes are more than the {max(0, left) / 60:.1f} that are left of your {allowed}. "
            "Delete recordings that you need no more, or ask an administrator for more.",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
