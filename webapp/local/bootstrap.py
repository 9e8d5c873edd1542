"""Migrates the database and gives a new installation its first administrator."""

import os
import secrets

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections

from webapp.accounts import first_password
from webapp.storage import media


def prepare_installation() -> None:
    """Create directories and migrate. Without an administrator yet, create `admin` and write its password to a file."""
    media.create_directories()
    call_command("migrate", interactive=False, verbosity=0)
    users = get_user_model()._default_manager
    if not users.filter(is_superuser=True).exists():
        password = secrets.token_urlsafe(12)
        path = first_password.password_file()
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{password}\n")
        users.create_superuser(
            username=first_password.USERNAME, email="", password=password, password_is_temporary=True
        )
    # The processes that are started next must not inherit a connection.
    connections.close_all()
