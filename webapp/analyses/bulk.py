"""One deed for many recordings: what can be done is done, and what could not be is told."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from inference.errors import InputError
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.core.errors import RequestError
from webapp.recordings.models import Recording

ERASE_TIME_LIMIT_S = 5.0  # of one request
DELETED_MEANWHILE = "It was deleted meanwhile."


@dataclass(frozen=True)
class BulkResult:
    """How many were done, by reason the titles of those that were not, and how many the time did not suffice for."""

    done: int
    failed: dict[str, list[str]]
    remaining: int = 0


def analyse_again(*, recordings: Iterable[Recording], model: str | None) -> BulkResult:
    return _each(recordings, lambda recording: services.rerun(recording=recording, model=model))


def erase(*, recordings: Sequence[Recording], by: User) -> BulkResult:
    """Erase recordings of `by`, batch by batch, until ERASE_SECONDS are over."""
    until, tried, erased = time.monotonic() + ERASE_TIME_LIMIT_S, 0, set[UUID]()
    while tried < len(recordings) and (not tried or time.monotonic() < until):
        batch = recordings[tried : tried + services.ERASE_BATCH_SIZE]
        erased |= services.erase_batch(owner_id=by.pk, pks=[recording.pk for recording in batch], by=by)
        tried += len(batch)
    gone = [recording.title for recording in recordings[:tried] if recording.pk not in erased]
    return BulkResult(len(erased), {DELETED_MEANWHILE: gone} if gone else {}, remaining=len(recordings) - tried)


def _each(recordings: Iterable[Recording], do: Callable[[Recording], object]) -> BulkResult:
    done, failed = 0, dict[str, list[str]]()
    for recording in recordings:
        try:
            do(recording)
            done += 1
        except (InputError, RequestError) as error:
            failed.setdefault(error.message, []).append(recording.title)
        except Http404:
            failed.setdefault(DELETED_MEANWHILE, []).append(recording.title)
    return BulkResult(done, failed)
