"""Deleting an account: asked for in one short transaction, done in batches that are committed one by one.

Where a process is killed between two of them, nothing is lost: the reaper goes on with what is left.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.core import signing
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts import deletion
from webapp.accounts.models import User
from webapp.accounts.sessions import end_sessions
from webapp.analyses.models import Analysis
from webapp.analyses.services import ERASE_BATCH_SIZE, cancel_all, erase_batch
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.isolation import log_and_continue
from webapp.recordings import uploads

REQUEST_SECONDS = 5.0  # of the request that asks for it: enough for most accounts
ROUND_SECONDS = 5.0  # of one round of the reaper, whose other duties wait meanwhile
TOKEN_LIFETIME = timedelta(days=7)
SALT = "webapp.account-deletion"


@dataclass(frozen=True)
class Deletion:
    """An account that was to be deleted, and how many recordings it had then."""

    account_id: int
    recordings: int

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Raises Http404 where the token is none of ours, or older than TOKEN_LASTS."""
        try:
            return cls(*signing.loads(token, salt=SALT, max_age=TOKEN_LIFETIME))
        except signing.BadSignature as error:
            raise Http404 from error

    def token(self) -> str:
        """Lets whoever has it see how far it is: its person cannot log in any more."""
        return signing.dumps([self.account_id, self.recordings], salt=SALT)

    def remaining(self) -> int | None:
        """How many recordings are still there; None once the account is gone."""
        user = User.objects.filter(pk=self.account_id, deletion_requested_at__isnull=False).first()
        return user.recordings.count() if user else None


def pending() -> QuerySet[User]:
    """Accounts that are being deleted, with how many recordings are `left` of each; who asked first comes first."""
    requested = User.objects.filter(deletion_requested_at__isnull=False)
    return requested.order_by("deletion_requested_at").annotate(left=Count("recordings"))


def delete_account(*, user: User) -> Deletion:
    """Lock the person out for good, and erase as much as REQUEST_SECONDS allow; the reaper erases the rest.

    Raises RequestError(LAST_ADMINISTRATOR), and Http404 where somebody was faster.
    """
    deletion = _begin(user)
    with log_and_continue(f"account {deletion.account_id}"):
        _erase(deletion.account_id, time.monotonic() + REQUEST_SECONDS)
    return deletion


def continue_pending(*, seconds: float = ROUND_SECONDS) -> None:
    """Erase more of every account that is being deleted. After `seconds`, one batch of each that is left."""
    until = time.monotonic() + seconds
    for pk in list(pending().values_list("pk", flat=True)):
        with log_and_continue(f"account {pk}"):
            _erase(pk, until)


def _begin(user: User) -> Deletion:
    """From here on nobody acts for the account, and nothing is added to it."""
    with transaction.atomic():
        deletion.require_another_administrator(user=user)
        # Whoever is just adding something is waited for; one who comes later finds nobody to add it to.
        user = get_object_or_404(User.objects.select_for_update(), pk=user.pk, deletion_requested_at=None)
        user.is_active, user.deletion_requested_at = False, timezone.now()
        user.save(update_fields=["is_active", "deletion_requested_at"])
        end_sessions(user=user)
        user.tokens.all().delete()
        user.shares.all().delete()
        user.shared_with_me.all().delete()
        user.webhooks.update(enabled=False)
        cancel_all(Analysis.objects.filter(recording__owner=user))
        uploads.terminate_all(owner=user)
        return Deletion(user.pk, user.recordings.count())


def _erase(account_id: int, until: float) -> None:
    """Erase batches of it until it is gone, or the time is over."""
    while _erase_batch(account_id) and time.monotonic() < until:
        pass


def _erase_batch(account_id: int) -> bool:
    """Whether something is left: some recordings are erased or, where there are none any more, the account itself."""
    with transaction.atomic():
        # Held by one at a time: a request and the reaper may both be at it.
        user = User.objects.select_for_update().filter(pk=account_id, deletion_requested_at__isnull=False).first()
        if user is None:
            return False
        batch = list(user.recordings.order_by("-created_at").values_list("pk", flat=True)[:ERASE_BATCH_SIZE])
        if batch:
            erase_batch(owner_id=user.pk, pks=batch, by=user)
            return True
        record(Action.ACCOUNT_ERASED, by=user.pk, owner=user.pk)
        deletion.forget(user=user)
        return False
