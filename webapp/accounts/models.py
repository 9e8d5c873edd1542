"""Accounts and their API tokens."""

from collections.abc import Collection
from typing import Any, Self

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.utils import timezone

from webapp.accounts import first_password
from webapp.audit.models import Action
from webapp.audit.services import owner_as_actor, record

UNLIMITED = -1


class User(AbstractUser):
    """An account."""

    password_is_temporary = models.BooleanField(default=False, editable=False)
    # Set together with is_active=False while the account's data are being deleted.
    deletion_requested_at = models.DateTimeField(null=True, editable=False)
    # None: the installation's default. UNLIMITED: no limit.
    quota_bytes = models.BigIntegerField(null=True, editable=False)
    quota_minutes = models.BigIntegerField(null=True, editable=False)
    quota_analyses = models.BigIntegerField(null=True, editable=False)

    # Manually created tokens that survive the next change of password.
    tokens_to_keep: Collection["Token"] = ()

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        self.password_is_temporary = False

    def save(self, *args: Any, **options: Any) -> None:
        """Record new accounts and passwords in the audit log; a new password revokes tokens.

        All ways to set a password end here: pages, mail, REST and commands.
        """
        is_new = self._state.adding
        has_new_password = self._password is not None  # type: ignore[attr-defined]
        with transaction.atomic():
            super().save(*args, **options)
            if is_new or has_new_password:
                action = Action.ACCOUNT_MADE if is_new else Action.PASSWORD_CHANGED
                record(action, by=owner_as_actor(self.pk), owner=self.pk)
                self.tokens.revoke(by=owner_as_actor(self.pk), keep=self.tokens_to_keep)
        if has_new_password and not is_new:
            first_password.delete_password_of(self.username)


class Scope(models.TextChoices):
    """What a token permits."""

    READ = "read", "See recordings, timelines and files"
    WRITE = "write", "Upload, analyse again, cancel and delete"
    ACCOUNT = "account", "Manage webhooks and sharing"


class TokenQuerySet(models.QuerySet["Token"]):
    """Selects and revokes tokens."""

    def manual(self) -> Self:
        """Tokens created on the tokens page, as opposed to those of a login by REST."""
        return self.filter(by_login=False)

    def revoke(self, *, by: int | None, keep: Collection["Token"] = ()) -> None:
        """Delete the tokens except the manually created ones in `keep`; `by` is the acting user's id."""
        with transaction.atomic():
            for token in self.select_for_update():
                if token.by_login or token not in keep:
                    record(Action.TOKEN_REVOKED, by=by, owner=token.user_id, target=token)
                    token.delete()


class Token(models.Model):
    """Lets a program act for a user. Only a digest of the secret is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    by_login = models.BooleanField(default=False)  # obtained by username and password
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
