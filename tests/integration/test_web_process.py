"""The web process: without the libraries that only workers need, and with an end to what it asks of the database."""

import pytest
import requests
from django.db import connection, transaction

from tests.conftest import Start
from tests.integration.processes import python
from tests.integration.web import Web

STATISTICS = ("pandas", "pyarrow", "statsmodels")
HEAVY = ("torch", "librosa", "numba", "mne", "sklearn", "botocore", *STATISTICS)
WEB = """
import webapp.config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
"""
WORKER = """
from webapp.config.celery import app
app.loader.import_default_modules()
app.finalize(auto=True)
"""


@pytest.mark.parametrize(("start", "unwanted"), [(WEB, HEAVY), (WORKER, STATISTICS)], ids=["web", "worker"])
def test_a_process_starts_without_the_libraries_of_others(start: str, unwanted: tuple[str, ...]) -> None:
    script = f"""
import sys
{start}
heavy = {set(unwanted)} & set(sys.modules)
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
    with python(["-c", script], {}) as process:
        _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors


def test_what_takes_the_database_too_long_is_given_up(process: Start) -> None:
    web = Web(process, EMOTRACE_STATEMENT_SECONDS="1")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_token")
        answer = requests.get(f"{web.base}/api/v1/models/", headers={"Authorization": "Token x"}, timeout=30)
        page = requests.get(f"{web.base}/login/", timeout=30)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "timed_out", "5")
    assert page.status_code == 200


def test_nothing_else_is_given_up(db: None) -> None:
    with connection.cursor() as cursor:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == ("0",)
