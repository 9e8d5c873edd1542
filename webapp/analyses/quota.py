"""The quota of open analyses, and what a user uses in total."""

from dataclasses import dataclass

from webapp.accounts.models import User
from webapp.accounts.selectors import quota_of
from webapp.analyses.models import Analysis
from webapp.core.errors import RequestError, WebCode
from webapp.core.quota import Quota
from webapp.recordings.quota import used_bytes, used_seconds

NEARLY_USED_UP = 0.8  # share of a quota


@dataclass(frozen=True)
class Usage:
    """What a user uses and may use; `seconds` is the total duration of the recordings."""

    allowed: Quota
    bytes: int
    seconds: float
    analyses: int

    @property
    def is_limited(self) -> bool:
        """Whether there is any quota."""
        return self.allowed != Quota(None, None, None)

    @property
    def is_nearly_used_up(self) -> bool:
        """Whether little is left of one of the quotas."""
        used = ((self.bytes, self.allowed.bytes), (self.minutes, self.allowed.minutes))
        opened = (self.analyses, self.allowed.analyses)
        return any(most is not None and amount >= NEARLY_USED_UP * most for amount, most in (*used, opened))

    @property
    def minutes(self) -> float:
        """Total duration of the recordings."""
        return self.seconds / 60

    @property
    def bytes_left(self) -> int | None:
        """None without a quota."""
        return None if self.allowed.bytes is None else max(0, self.allowed.bytes - self.bytes)

    @property
    def seconds_left(self) -> float | None:
        """None without a quota."""
        return None if self.allowed.minutes is None else max(0.0, 60 * self.allowed.minutes - self.seconds)


def usage_of(user: User) -> Usage:
    """The user's usage, queried now."""
    return Usage(quota_of(user), used_bytes(user), used_seconds(user), _count_open(user))


def require_analysis(*, owner: User) -> None:
    """Raises RequestError(QUOTA_ANALYSES) if no more analyses may be queued.

    Belongs in a transaction that locks the owner's row.
    """
    allowed = quota_of(owner).analyses
    if allowed is not None and _count_open(owner) >= allowed:
        raise RequestError(
            WebCode.QUOTA_ANALYSES,
            f"You may have {allowed} analyses waiting or running at once. Try again when one of them is over.",
        )


def _count_open(user: User) -> int:
    return Analysis.objects.filter(recording__owner=user, status__in=Analysis.OPEN).count()
