"""The settings that an installation starts with, as Compose gives them."""

import json
from pathlib import Path

import pytest

from tests.integration.processes import python
from tests.project.compose import load
from tests.project.test_compose import SERVICES

SCRIPT = """
import json
from django.conf import settings
names = ["DEBUG", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SECURE_SSL_REDIRECT"]
print(json.dumps({"hasher": settings.PASSWORD_HASHERS[0], **{name: getattr(settings, name) for name in names}}))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of the service `web` behind TLS, with secrets of its own."""
    given = {**SERVICES["web"]["environment"], **load("docker-compose.tls.yml")["services"]["web"]["environment"]}
    for name, value in given.items():
        if name.endswith("_FILE"):
            given[name] = str(tmp_path / Path(value).name)
            Path(given[name]).write_text("0123456789abcdef" * 4)
        while given[name].startswith("${"):  # the default of a default, too
            given[name] = given[name].partition(":-")[2].removesuffix("}")
    return {**given, "EMOTRACE_DATA_DIR": str(tmp_path / "var")}


def said(arguments: list[str], environment: dict[str, str]) -> tuple[int | None, str, str]:
    with python(arguments, environment) as process:
        output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def test_the_deployment_check_finds_nothing(environment: dict[str, str]) -> None:
    code, _, errors = said(["manage.py", "check", "--deploy", "--fail-level", "INFO"], environment)
    assert code == 0, errors


def test_cookies_go_over_tls_alone_and_passwords_are_kept_by_argon2(environment: dict[str, str]) -> None:
    code, output, errors = said(["-c", SCRIPT], environment)
    assert code == 0, errors
    assert json.loads(output) == {
        "hasher": "django.contrib.auth.hashers.Argon2PasswordHasher",
        "DEBUG": False,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SECURE_SSL_REDIRECT": True,
    }
