"""Brings the database up to date and gives a new installation its first administrator."""

import secrets
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections


def prepare(say: Callable[[str], object]) -> None:
    """Migrate; where nobody administers the installation yet, create `admin` and say the password once."""
    call_command("migrate", interactive=False, verbosity=0)
    users = get_user_model()._default_manager
    if not users.filter(is_superuser=True).exists():
        password = secrets.token_urlsafe(12)
        users.create_superuser(username="admin", email="", password=password, password_is_temporary=True)
        say(f"First start: log in as admin with the password {password} (shown this once; you then choose your own)")
    # What is started next must inherit no connection.
    connections.close_all()
