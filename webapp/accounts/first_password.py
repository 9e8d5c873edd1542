"""The first administrator's password, kept in a file until its account replaces it or signs in."""

from pathlib import Path

from webapp.core import paths

USERNAME = "admin"


def password_file() -> Path:
    """The path of the password's file, which exists until the first login."""
    return paths.data_dir() / "first-password.txt"


def sign_in_hint() -> str:
    """How to sign in for the first time; empty once somebody has."""
    path = password_file()
    if not path.exists():
        return ""
    return (
        f"First start: log in as {USERNAME} with the password {path.read_text().strip()} and choose your own. "
        f"Until then it is kept in {path}"
    )


def delete_password_of(username: str) -> None:
    """Delete the file when its account signs in or gets another password."""
    if username == USERNAME:
        password_file().unlink(missing_ok=True)
