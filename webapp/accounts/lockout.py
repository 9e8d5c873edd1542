"""Lockout after wrong passwords."""

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest

from webapp.core.middleware import client_network


class AccountLockoutHandler(AxesDatabaseHandler):
    """Locks a username for one network, as django-axes does, and after more failures for all unknown networks.

    On networks where the user has logged in before, only failures there count, so that guessing from elsewhere
    cannot lock the user out.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        from_here: int = super().get_failures(request, credentials)
        if from_here < settings.AXES_FAILURE_LIMIT and self._is_guessed(request, credentials):
            return int(settings.AXES_FAILURE_LIMIT)
        return from_here

    def _is_guessed(self, request: HttpRequest, credentials: dict[str, Any] | None) -> bool:
        username = get_client_username(request, credentials)
        since = get_cool_off_threshold(request)
        attempts = AccessAttempt.objects.filter(username=username, attempt_time__gte=since)
        wrong = attempts.aggregate(wrong=Sum("failures_since_start"))["wrong"] or 0
        return (
            wrong >= settings.ACCOUNT_FAILURE_LIMIT
            and not AccessLog.objects.filter(username=username, ip_address=client_network(request)).exists()
        )
