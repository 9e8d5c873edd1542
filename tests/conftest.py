"""Real servers for every test that wants one: PostgreSQL, Redis, a web server, workers, the reaper."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import database
from tests.integration.processes import python
from tests.integration.rest import PASSWORD, Person
from webapp.core import paths
from webapp.local import embedded

LONG_FILES = {"faults", "browser", "integration", "test_clock.py", "test_account_deletion.py"}
Start = Callable[..., subprocess.Popen[str]]

# A busy machine is slow, not wrong.
hypothesis_settings.register_profile(
    "untimed", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures start the servers, and run long files first, so that no process ends alone.

    By their names, tests that wait and tests that compute alternate.
    """
    items.sort(key=lambda item: (0, item.path.name) if _is_long(item.path) else (1, ""))
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()) or item.get_closest_marker("django_db"):
            item.add_marker("servers")


def _is_long(path: Path) -> bool:
    return bool(LONG_FILES.intersection(path.parts)) or path.name.startswith("test_fit")


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """The embedded PostgreSQL and Redis of this test run."""
    with embedded.servers_running():
        database.disable_sync(paths.socket_dir(settings.DATA_DIR) / "postgres")
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let pytest-django make its test database on the embedded PostgreSQL."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, made ready for tests that commit."""
    with django_db_blocker.unblock():
        database.prepare()


@contextmanager
def application() -> Iterator[Start]:
    """What the fixture `process` gives, for as long as a test file wants it."""
    host = quote(str(paths.socket_dir(settings.DATA_DIR) / "postgres"))
    environment = {
        "DATABASE_URL": f"postgres://postgres@/{connection.settings_dict['NAME']}?host={host}",
        "REDIS_URL": settings.REDIS_URL,
        "EMOTRACE_DATA_DIR": str(settings.DATA_DIR),
        "EMOTRACE_LOG_LEVEL": "WARNING",  # nobody reads along: a pipe that is full would hold them up
    }
    queues = f"{settings.INFERENCE_QUEUE},{settings.RENDER_QUEUE},{settings.WEBHOOK_QUEUE}"

    commands = {
        "worker": ["-m", "celery", "--app", "webapp.config", "worker", "--pool", "solo", "--queues", queues],
        "spawner": ["-m", "tests.faults.spawner"],
        "reaper": ["manage.py", "reap", "--every", "1"],
        # where it listens says GUNICORN_CMD_ARGS
        "web": ["-m", "gunicorn", "--config", "python:webapp.config.gunicorn"],
    }
    with ExitStack() as stack:
        yield lambda name, **more: stack.enter_context(python(commands[name], environment | more))


@pytest.fixture
def process(transactional_db: None) -> Iterator[Start]:
    """Starts processes of the application on this test's database, queue and files.

    `process("worker")`, `"reaper"`, `"web"`: keyword arguments are environment variables. Whatever still runs is
    killed when the test ends.
    """
    forget_messages()
    with application() as start:
        yield start


def forget_messages() -> None:
    """What earlier tests sent is not for the workers of this one."""
    redis.Redis.from_url(settings.REDIS_URL).flushall()


@pytest.fixture
def person(live_server: Any, django_user_model: Any) -> Person:
    """Somebody with an account, who uses the REST API of a web server that runs."""
    django_user_model.objects.create_user(username="researcher", password=PASSWORD)
    return Person(live_server.url, "researcher")


def pytest_unconfigure() -> None:
    place = Path(os.environ["EMOTRACE_DATA_DIR"])
    if place.name.startswith("emotrace-tests-"):
        shutil.rmtree(place, ignore_errors=True)
