"""Brings the database up to date and gives a new installation its first administrator."""

import os
import secrets
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections

from webapp.core import locations

USERNAME = "admin"


def password_file() -> Path:
    """Where the first password is kept until it is replaced."""
    return locations.var() / "first-password.txt"


def prepare() -> None:
    """Migrate; where nobody administers the installation yet, create `admin` and keep the password in a file."""
    call_command("migrate", interactive=False, verbosity=0)
    users = get_user_model()._default_manager
    if not users.filter(is_superuser=True).exists():
        password = secrets.token_urlsafe(12)
        path = password_file()
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{password}\n")
        users.create_superuser(username=USERNAME, email="", password=password, password_is_temporary=True)
    # What is started next must inherit no connection.
    connections.close_all()


def invitation() -> str:
    """How to log in for the first time, until somebody has; then nothing."""
    path = password_file()
    if not path.exists():
        return ""
    return (
        f"First start: log in as {USERNAME} with the password {path.read_text().strip()} and choose your own. "
        f"Until then it is kept in {path}"
    )


def forget_password(username: str) -> None:
    """The file of the first password goes when its account logs in or gets another one."""
    if username == USERNAME:
        password_file().unlink(missing_ok=True)
