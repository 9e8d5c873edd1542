"""The end of an account, and of what is kept about logins: neither has a foreign key to follow."""

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
# What the cache counts for a while: calls of each person, codes that were used, tries at what allauth limits.
CACHE_KEYS = ("limit:*:user-{pk}:*", "accounts.code[?]user={pk}&*", "allauth:*:user:{pk}*")

logger = logging.getLogger(__name__)


def administrators() -> QuerySet[User]:
    """Who may administer the installation, with their rows held until the transaction around this is over."""
    return User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")


def require_another_administrator(*, user: User) -> None:
    """Raises RequestError(LAST_ADMINISTRATOR) where nobody could administer the installation without the user."""
    if user.is_superuser and not any(other.pk != user.pk for other in administrators()):
        raise RequestError(
            WebCode.LAST_ADMINISTRATOR,
            "You are the only administrator. Make another one first: manage.py create_account NAME --admin",
        )


def delete_account(*, user: User) -> None:
    """Remove the account's row with everything that hangs on it, its sessions and the record of its logins."""
    end_sessions(user=user)
    # As they were typed, which may have been an address, also one that is not confirmed.
    addresses = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    for name in {user.get_username(), user.email, *addresses} - {""}:
        for logins in LOGIN_MODELS:
            logins.objects.filter(username__iexact=name).delete()
    pk = user.pk
    user.delete()
    transaction.on_commit(lambda: _delete_cache_keys(pk))


def delete_expired_login_records() -> None:
    """Remove sessions that have expired, whosever they were, and what is known of logins of long ago."""
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
        logger.warning("what was counted stays in the cache until it expires by itself", exc_info=True)
