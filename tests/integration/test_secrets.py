"""Secrets come from files as well as from the environment, where NAME_FILE says so."""

import json
from pathlib import Path

from tests.integration.processes import python

SCRIPT = """
import json
from django.conf import settings
from webapp.local.embedded.lifecycle import is_needed
database = settings.DATABASES["default"]
print(json.dumps([settings.SECRET_KEY, database["PASSWORD"], database["NAME"], settings.METRICS_TOKEN, is_needed()]))
"""


def test_what_a_file_holds_counts_without_its_last_line_break(tmp_path: Path) -> None:
    contents = {
        "SECRET_KEY": "a key that signs sessions",
        "DATABASE_URL": "postgres://emotrace:overruled@db.example.org/emotrace",
        "DATABASE_PASSWORD": "a password",
        "REDIS_URL": "redis://redis.example.org/0",
        "EMOTRACE_METRICS_TOKEN": "a token",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(f"{content}\n")
    environment = {f"{name}_FILE": str(tmp_path / name) for name in contents}
    with python(["-c", SCRIPT], {"EMOTRACE_DATA_DIR": str(tmp_path / "var"), **environment}) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(output) == [contents["SECRET_KEY"], "a password", "emotrace", "a token", False]
    assert not (tmp_path / "var" / "secret_key").exists()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    environment = {"EMOTRACE_DATA_DIR": str(tmp_path / "var"), "SECRET_KEY_FILE": str(tmp_path / "missing")}
    with python(["-c", SCRIPT], environment) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert str(tmp_path / "missing") in errors
