"""Deletes accounts with their sessions and login records, which have no foreign key to the account."""

import logging
from datetime import timedelta

import redis
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.sessions import end_sessions
from webapp.core.errors import RequestError, WebCode
from webapp.core.redis_client import redis_client

LOGIN_MODELS = (AccessLog, AccessAttempt, AccessFailureLog)
LOGIN_RETENTION = timedelta(days=90)
# The cache's keys of a user: rate limits, used codes, allauth's attempts.
CACHE_KEYS = ("limit:*:user-{pk}:*", "accounts.code[?]user={pk}&*", "allauth:*:user:{pk}*")

logger = logging.getLogger(__name__)


def administrators() -> QuerySet[User]:
    """The active administrators, whose rows stay locked until the end of the transaction."""
    return User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")


def require_another_administrator(*, user: User) -> None:
    """Raises RequestError(LAST_ADMINISTRATOR) where the user is the only administrator."""
    if user.is_superuser and not any(other.pk != user.pk for other in administrators()):
        raise RequestError(
            WebCode.LAST_ADMINISTRATOR,
            "You are the only administrator. Make another one first: manage.py create_account NAME --admin",
        )


def delete_account(*, user: User) -> None:
    """Delete the account's row with its dependent rows, its sessions and its login records."""
    end_sessions(user=user)
    # Login records hold the name as it was typed, which may be an address.
    addresses = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    for name in {user.get_username(), user.email, *addresses} - {""}:
        for logins in LOGIN_MODELS:
            logins.objects.filter(username__iexact=name).delete()
    pk = user.pk
    user.delete()
    transaction.on_commit(lambda: _delete_cache_keys(pk))


def delete_expired_login_records() -> None:
    """Delete expired sessions and login records older than LOGIN_RETENTION."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    for logins in LOGIN_MODELS:
        logins.objects.filter(attempt_time__lt=timezone.now() - LOGIN_RETENTION).delete()


def _delete_cache_keys(pk: int) -> None:
    server = redis_client()
    try:
        for pattern in CACHE_KEYS:
            for key in server.scan_iter(cache.make_key(pattern.format(pk=pk)), count=1000):
                server.delete(key)
    except redis.RedisError:
        logger.warning("the rate limits of a deleted account stay in the cache until they expire", exc_info=True)
