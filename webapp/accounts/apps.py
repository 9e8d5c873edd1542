"""Connects the signal handlers of accounts."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_delete, post_save


class AccountsConfig(AppConfig):
    """Accounts, sessions and tokens."""

    name = "webapp.accounts"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from allauth.mfa.signals import authentication_failed
        from axes.signals import user_locked_out

        from webapp.accounts import signals

        user_logged_in.connect(signals.on_logged_in)
        user_login_failed.connect(signals.on_login_failed)
        user_locked_out.connect(signals.on_locked_out)
        authentication_failed.connect(signals.on_code_failed)
        post_save.connect(signals.on_authenticator_saved, sender=Authenticator)
        post_delete.connect(signals.on_authenticator_deleted, sender=Authenticator)
