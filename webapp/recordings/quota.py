"""How much of what people send is kept, and whether there is room for more.

What was sent counts, and each upload with the length that it announced, from its first byte on. What is made from it
does not. The functions that ask about a person belong in a transaction that holds their row (`accounts.locked`). Of the
disk only what has come is taken: whoever announces much and sends nothing keeps nobody out.
"""

import shutil

from django.conf import settings
from django.db.models import Sum

from webapp.accounts.models import User
from webapp.accounts.selectors import quota_of
from webapp.core.errors import RequestError, WebCode, disk_full
from webapp.storage import media

MOST_UPLOADS = 1000  # of one person on their way at once


def bytes_of(user: User) -> int:
    kept = user.recordings.aggregate(sum=Sum("bytes"))["sum"] or 0
    coming = user.transfers.aggregate(sum=Sum("length"))["sum"] or 0
    return int(kept + coming)


def seconds_of(user: User) -> float:
    return float(user.recordings.aggregate(sum=Sum("duration_s"))["sum"] or 0.0)


def require_bytes(*, owner: User, more: int) -> None:
    """Raises RequestError(QUOTA_BYTES | DISK_FULL) where there is no room for `more` bytes."""
    if more <= 0:
        return
    allowed = quota_of(owner).bytes
    if allowed is not None and (left := allowed - bytes_of(owner)) < more:
        raise RequestError(
            WebCode.QUOTA_BYTES,
            f"{_mega(more)} are more than the {_mega(max(0, left))} that are left of your {_mega(allowed)}. "
            "Delete recordings that you need no more, or ask an administrator for more room.",
        )
    require_disk(more)


def require_disk(more: int) -> None:
    """Raises RequestError(DISK_FULL) where `more` bytes would not leave free what is kept free."""
    if shutil.disk_usage(media.root()).free - more < settings.DISK_RESERVE_BYTES:
        raise disk_full()


def require_upload(*, owner: User, length: int) -> None:
    """Raises RequestError(QUOTA_UPLOADS | QUOTA_BYTES | DISK_FULL) where no upload of `length` bytes may begin."""
    if owner.transfers.count() >= MOST_UPLOADS:
        raise RequestError(
            WebCode.QUOTA_UPLOADS,
            f"{MOST_UPLOADS} of your uploads are on their way, which is as many as may be. Finish or remove some.",
        )
    require_bytes(owner=owner, more=length)


def require_seconds(*, owner: User, more: float) -> None:
    """Raises RequestError(QUOTA_MINUTES) where there is no room for `more` seconds of recording."""
    allowed = quota_of(owner).minutes
    if allowed is not None and (left := 60 * allowed - seconds_of(owner)) < more:
        raise RequestError(
            WebCode.QUOTA_MINUTES,
            f"{more / 60:.1f} minutes are more than the {max(0, left) / 60:.1f} that are left of your {allowed}. "
            "Delete recordings that you need no more, or ask an administrator for more.",
        )


def _mega(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
