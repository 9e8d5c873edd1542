"""The end of an account: what is kept about logins has no foreign key to follow."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.core.problems import RequestError, WebCode

LOGINS = (AccessLog, AccessAttempt, AccessFailureLog)
# Where a session has its person: logged in, or between the password and the code.
PERSON_OF_SESSION = (SESSION_KEY, "account_authentication_methods_user")


def administrators() -> QuerySet[User]:
    """Who may administer the installation, with their rows held until the transaction around this is over."""
    return User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")


def require_another_administrator(*, user: User) -> None:
    """Raises RequestError(LAST_ADMINISTRATOR) where nobody could administer the installation without the user."""
    if user.is_superuser and not any(other.pk != user.pk for other in administrators()):
        raise RequestError(
            WebCode.LAST_ADMINISTRATOR,
            "You are the only administrator. Make another one first: manage.py adduser NAME --admin",
        )


def forget(*, user: User) -> None:
    """Remove the account's row with everything that hangs on it, its sessions and the record of its logins."""
    for session in Session.objects.iterator():
        kept = session.get_decoded()
        if any(str(kept.get(key)) == str(user.pk) for key in PERSON_OF_SESSION):
            session.delete()
    for logins in LOGINS:
        logins.objects.filter(username=user.get_username()).delete()
    user.delete()
