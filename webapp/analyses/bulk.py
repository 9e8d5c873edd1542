"""Actions on many recordings: failures of some do not stop the others and are reported."""

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

ERASE_TIME_LIMIT_S = 5.0  # per request
DELETED_MEANWHILE = "It was deleted meanwhile."


@dataclass(frozen=True)
class BulkResult:
    """Count of successes, titles of failures by reason, and count of those that the time limit left over."""

    done: int
    failed: dict[str, list[str]]
    remaining: int = 0


def analyse_again(*, recordings: Iterable[Recording], model: str | None) -> BulkResult:
    """Queue another analysis of each recording."""
    return _for_each(recordings, lambda recording: services.rerun(recording=recording, model=model))


def erase(*, recordings: Sequence[Recording], by: User) -> BulkResult:
    """Erase recordings of `by`, batch by batch, for at most ERASE_TIME_LIMIT_S."""
    deadline, tried, erased = time.monotonic() + ERASE_TIME_LIMIT_S, 0, set[UUID]()
    while tried < len(recordings) and (not tried or time.monotonic() < deadline):
        batch = recordings[tried : tried + services.ERASE_BATCH_SIZE]
        erased |= services.erase_batch(owner_id=by.pk, pks=[recording.pk for recording in batch], by=by)
        tried += len(batch)
    missing = [recording.title for recording in recordings[:tried] if recording.pk not in erased]
    return BulkResult(len(erased), {DELETED_MEANWHILE: missing} if missing else {}, remaining=len(recordings) - tried)


def _for_each(recordings: Iterable[Recording], action: Callable[[Recording], object]) -> BulkResult:
    done, failed = 0, dict[str, list[str]]()
    for recording in recordings:
        try:
            action(recording)
            done += 1
        except (InputError, RequestError) as error:
            failed.setdefault(error.message, []).append(recording.title)
        except Http404:
            failed.setdefault(DELETED_MEANWHILE, []).append(recording.title)
    return BulkResult(done, failed)
