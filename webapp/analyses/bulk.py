"""One deed for many recordings: what can be done is done, and what could not be is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import Http404

from inference.errors import InputError
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.core.problems import RequestError
from webapp.recordings.models import Recording


@dataclass(frozen=True)
class Outcome:
    """How many were done, and by reason the titles of those that were not."""

    done: int
    failed: dict[str, list[str]]


def analyse_again(*, recordings: Iterable[Recording], model: str | None) -> Outcome:
    return _each(recordings, lambda recording: services.rerun(recording=recording, model=model))


def erase(*, recordings: Iterable[Recording], by: User) -> Outcome:
    return _each(recordings, lambda recording: services.erase(recording=recording, by=by))


def _each(recordings: Iterable[Recording], do: Callable[[Recording], object]) -> Outcome:
    done, failed = 0, dict[str, list[str]]()
    for recording in recordings:
        try:
            do(recording)
            done += 1
        except (InputError, RequestError) as error:
            failed.setdefault(error.message, []).append(recording.title)
        except Http404:
            failed.setdefault("It was deleted meanwhile.", []).append(recording.title)
    return Outcome(done, failed)
