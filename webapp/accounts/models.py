"""Who may use this installation."""

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
    """A person with an account."""

    password_is_temporary = models.BooleanField(default=False, editable=False)
    # Set together with is_active=False: nobody comes in any more, and what there is of the account is being erased.
    deletion_requested_at = models.DateTimeField(null=True, editable=False)
    # None: what the installation gives everybody. UNLIMITED: as much as there is.
    quota_bytes = models.BigIntegerField(null=True, editable=False)
    quota_minutes = models.BigIntegerField(null=True, editable=False)
    quota_analyses = models.BigIntegerField(null=True, editable=False)

    # Of the tokens made by hand, those that outlast the new password that is saved next.
    tokens_to_keep: Collection["Token"] = ()

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        self.password_is_temporary = False

    def save(self, *args: Any, **options: Any) -> None:
        """The one way for every new account and password: pages, mail, REST and commands.

        A new password ends the sessions that began with the old one, and revokes tokens.
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
    """What a token may be used for."""

    READ = "read", "See recordings, timelines and files"
    WRITE = "write", "Upload, analyse again, cancel and delete"
    ACCOUNT = "account", "Manage webhooks and sharing"


class TokenQuerySet(models.QuerySet["Token"]):
    def manual(self) -> Self:
        """Those that were made on the page of tokens, not for name and password."""
        return self.filter(by_login=False)

    def revoke(self, *, by: int | None, keep: Collection["Token"] = ()) -> None:
        """Forget them, but not those made by hand that are to be kept. The person `by` does it."""
        with transaction.atomic():
            for token in self.select_for_update():
                if token.by_login or token not in keep:
                    record(Action.TOKEN_REVOKED, by=by, owner=token.user_id, target=token)
                    token.delete()


class Token(models.Model):
    """Lets a program act for a person. Only the secret's digest is kept: who reads the table can use nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    by_login = models.BooleanField(default=False)  # a program got it for name and password
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
