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

ERASE_SECONDS = 5.0  # of one request
GONE = "It was deleted meanwhile."


@dataclass(frozen=True)
class Outcome:
    """How many were done, by reason the titles of those that were not, and how many the time did not suffice for."""

    done: int
    failed: dict[str, list[str]]
    left: int = 0


def analyse_again(*, recordings: Iterable[Recording], model: str | None) -> Outcome:
    return _each(recordings, lambda recording: services.rerun(recording=recording, model=model))


def erase(*, recordings: Sequence[Recording], by: User) -> Outcome:
    """Erase recordings of `by`, batch by batch, until ERASE_SECONDS are over."""
    until, tried, erased = time.monotonic() + ERASE_SECONDS, 0, set[UUID]()
    while tried < len(recordings) and (not tried or time.monotonic() < until):
        batch = recordings[tried : tried + services.ERASED_AT_ONCE]
        erased |= services.erase_all(owner_id=by.pk, pks=[recording.pk for recording in batch], by=by)
        tried += len(batch)
    gone = [recording.title for recording in recordings[:tried] if recording.pk not in erased]
    return Outcome(len(erased), {GONE: gone} if gone else {}, left=len(recordings) - tried)


def _each(recordings: Iterable[Recording], do: Callable[[Recording], object]) -> Outcome:
    done, failed = 0, dict[str, list[str]]()
    for recording in recordings:
        try:
            do(recording)
            done += 1
        except (InputError, RequestError) as error:
            failed.setdefault(error.message, []).append(recording.title)
        except Http404:
            failed.setdefault(GONE, []).append(recording.title)
    return Outcome(done, failed)
