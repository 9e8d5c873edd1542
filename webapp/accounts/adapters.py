"""django-allauth's adapters: client address, mail, and the encryption of second factors."""

import logging
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect

from webapp.core.encryption import fernet
from webapp.core.errors import WebCode
from webapp.core.middleware import client_network

PURPOSE = b"emotrace second factor"
UNREADABLE = WebCode.SECOND_FACTOR_UNREADABLE.value

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Uses the application's limits, addresses and mail errors."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: axes counts wrong passwords, for pages and REST together; allauth counts wrong codes."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_network(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, {**context, **_public_links(context)})
        except (OSError, SMTPException) as error:
            logger.exception("no mail could be sent")
            words = "No mail could be sent: the mail server does not answer. Try again later or tell an administrator."
            messages.error(self.request, words)
            raise ImmediateHttpResponse(redirect("login")) from error


def _public_links(context: dict[str, Any]) -> dict[str, str]:
    """The mail's links with PUBLIC_URL as their base; allauth builds them from the request's Host header."""
    if not settings.PUBLIC_URL:
        return {}
    links = {name: urlsplit(link) for name, link in context.items() if name.endswith("_url")}
    return {
        "site_domain": urlsplit(settings.PUBLIC_URL).netloc,
        **{name: settings.PUBLIC_URL + link._replace(scheme="", netloc="").geturl() for name, link in links.items()},
    }


class MFAAdapter(DefaultMFAAdapter):
    """Encrypts TOTP secrets and recovery codes, so that the database alone reveals no code."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        UNREADABLE: "The second factor of this account cannot be read: the installation's key has changed. "
        "Ask an administrator to remove it; then set it up again.",
    }

    def encrypt(self, text: str) -> str:
        return fernet(PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return fernet(PURPOSE).decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise self.validation_error(UNREADABLE) from error
