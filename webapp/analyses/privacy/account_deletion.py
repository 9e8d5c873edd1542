"""Deletion of accounts: requested in one short transaction, executed in batches with one transaction each.

If a process is killed between two batches, the reaper continues.
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

REQUEST_SECONDS = 5.0  # spent in the request, which is enough for most accounts
ROUND_SECONDS = 5.0  # per round of the reaper, whose other work waits meanwhile
TOKEN_LIFETIME = timedelta(days=7)
SALT = "webapp.account-deletion"


@dataclass(frozen=True)
class Deletion:
    """A deletion in progress, and how many recordings the account had at first."""

    account_id: int
    recordings: int

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Raises Http404 for a token that is invalid or older than TOKEN_LIFETIME."""
        try:
            return cls(*signing.loads(token, salt=SALT, max_age=TOKEN_LIFETIME))
        except signing.BadSignature as error:
            raise Http404 from error

    def token(self) -> str:
        """A signed token that shows the progress without a login, which is no longer possible."""
        return signing.dumps([self.account_id, self.recordings], salt=SALT)

    def remaining(self) -> int | None:
        """How many recordings remain; None once the account is deleted."""
        user = User.objects.filter(pk=self.account_id, deletion_requested_at__isnull=False).first()
        return user.recordings.count() if user else None


def pending() -> QuerySet[User]:
    """Accounts that are being deleted, oldest request first, annotated with recordings `left`."""
    requested = User.objects.filter(deletion_requested_at__isnull=False)
    return requested.order_by("deletion_requested_at").annotate(left=Count("recordings"))


def delete_account(*, user: User) -> Deletion:
    """Deactivate the account and erase for REQUEST_SECONDS; the reaper erases the rest.

    Raises RequestError(LAST_ADMINISTRATOR), and Http404 if it is being deleted already.
    """
    deletion = _begin(user)
    with log_and_continue(f"account {deletion.account_id}"):
        _erase(deletion.account_id, time.monotonic() + REQUEST_SECONDS)
    return deletion


def continue_pending(*, seconds: float = ROUND_SECONDS) -> None:
    """Continue all deletions for `seconds`; each gets at least one batch."""
    deadline = time.monotonic() + seconds
    for pk in list(pending().values_list("pk", flat=True)):
        with log_and_continue(f"account {pk}"):
            _erase(pk, deadline)


def _begin(user: User) -> Deletion:
    """Deactivate the account: from here on nobody acts for it or adds to it."""
    with transaction.atomic():
        deletion.require_another_administrator(user=user)
        # This waits for writers that have locked the account; later ones find it being deleted.
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


def _erase(account_id: int, deadline: float) -> None:
    """Erase batches until the account is gone or the deadline has passed."""
    while _erase_batch(account_id) and time.monotonic() < deadline:
        pass


def _erase_batch(account_id: int) -> bool:
    """Erase a batch of recordings or, if none remain, the account itself; returns whether something remains."""
    with transaction.atomic():
        # Locked, because a request and the reaper may run at once.
        user = User.objects.select_for_update().filter(pk=account_id, deletion_requested_at__isnull=False).first()
        if user is None:
            return False
        batch = list(user.recordings.order_by("-created_at").values_list("pk", flat=True)[:ERASE_BATCH_SIZE])
        if batch:
            erase_batch(owner_id=user.pk, pks=batch, by=user)
            return True
        record(Action.ACCOUNT_ERASED, by=user.pk, owner=user.pk)
        deletion.delete_account(user=user)
        return False
