"""Real servers for every test that wants one: PostgreSQL, Redis, a web server, a worker."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.core import embedded


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """The embedded PostgreSQL and Redis of this test run."""
    with embedded.attached():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let pytest-django make its test database on the embedded PostgreSQL."""


def pytest_unconfigure() -> None:
    place = Path(os.environ["EMOTRACE_VAR"])
    if place.name.startswith("emotrace-tests-"):
        shutil.rmtree(place, ignore_errors=True)
