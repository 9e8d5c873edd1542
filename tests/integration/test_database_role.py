"""As a lesser role than the tables' owner, the application works; to the audit log it only adds."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg2.extensions import make_dsn

from tests.conftest import Start
from tests.integration.processes import python
from tests.integration.rest import PASSWORD, Person
from tests.integration.web import Web
from webapp.accounts.models import User
from webapp.audit.models import Action, Entry
from webapp.operation import database_roles

pytestmark = pytest.mark.extended

ROLE = "emotrace_tests_app"


@pytest.fixture
def role(transactional_db: None, settings: Any) -> Iterator[str]:
    settings.DATABASE_ROLE, settings.DATABASE_ROLE_PASSWORD = ROLE, 'it\'s a "secret"'
    call_command("migrate", verbosity=0)
    yield ROLE
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@pytest.fixture
def application(role: str) -> Iterator[Any]:
    """A cursor of the application's role, each statement a transaction of its own."""
    parameters = {**connection.connection.info.dsn_parameters, "user": role}
    with closing(psycopg2.connect(make_dsn(**parameters))) as there:
        there.autocommit = True
        with there.cursor() as cursor:
            yield cursor


REFUSED = """
UPDATE audit_entry SET actor_id = 1
DELETE FROM audit_entry
TRUNCATE audit_entry
DROP TRIGGER audit_no_change ON audit_entry
ALTER TABLE audit_entry DISABLE TRIGGER ALL
ALTER TABLE audit_entry DROP COLUMN actor_id
DROP TABLE audit_entry
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
CREATE TABLE mine ()
SET session_replication_role = replica
SET ROLE postgres
ALTER ROLE CURRENT_USER SUPERUSER
DELETE FROM django_migrations
"""


def test_it_can_do_nothing_to_the_audit_log(application: Any) -> None:
    User.objects.create_user("anna")
    before = list(Entry.objects.values())
    for statement in REFUSED.strip().splitlines():
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            application.execute(statement)
    application.execute("GRANT UPDATE ON audit_entry TO CURRENT_USER")  # which PostgreSQL refuses with a warning
    application.execute("SELECT has_table_privilege('audit_entry', 'UPDATE')")
    assert application.fetchone() == (False,)
    assert list(Entry.objects.values()) == before != []


def test_it_reads_and_adds(application: Any) -> None:
    application.execute("INSERT INTO audit_entry (action, kind, object_id, request_id) VALUES ('x', '', '', '')")
    application.execute("SELECT action FROM audit_entry")
    assert application.fetchall() == [("x",)]
    assert Entry.objects.get().at is not None


@pytest.mark.parametrize(("name", "said"), [("postgres", "owns the tables"), ("nobody_here", "There is no role")])
def test_a_role_that_will_not_do_is_named(transactional_db: None, name: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        database_roles.grant(role=name)


def test_the_application_runs_as_it(role: str, process: Start, settings: Any, tmp_path: Path) -> None:
    """Login, upload, analysis, backup, deletion."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]  # as the web process has them
    User.objects.create_user(username="anna", password=PASSWORD)
    host = connection.connection.info.dsn_parameters["host"]
    address = f"postgres://{role}@/{connection.settings_dict['NAME']}?host={quote(host)}"
    web = Web(process, DATABASE_URL=address)
    process("worker", DATABASE_URL=address)
    process("reaper", DATABASE_URL=address)
    assert requests.get(f"{web.base}/readyz", timeout=30).ok
    person = Person(web.base, "anna")
    analysis = person.send(video="interview.mp4")
    state = person.wait_for(analysis, "succeeded", "failed")
    assert state["status"] == "succeeded", state
    with python(["manage.py", "backup", str(tmp_path / "backup")], {"DATABASE_URL": address}) as backup:
        _, errors = backup.communicate(timeout=120)
    assert backup.returncode == 0, errors
    assert person.session.delete(f"{person.api}recordings/{state['recording']}/", timeout=60).status_code == 204
    noted = list(Entry.objects.order_by("pk").values_list("action", flat=True))
    assert noted[1:] == [Action.TOKEN_MADE, Action.RECORDING_RECEIVED, Action.RECORDING_ERASED]
