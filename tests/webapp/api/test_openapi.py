"""The API is what its description says, whatever it is sent."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.cache import cache
from django.core.management import call_command
from hypothesis import HealthCheck, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.webapp import tus
from tests.webapp.factories import UserFactory, finished
from webapp.accounts.services import create_token
from webapp.config.wsgi import application

OPENAPI = Path(__file__).resolve().parents[3] / "webapp" / "api" / "openapi.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.serializer(tus.PART)
def as_it_is(_: Any, value: bytes) -> bytes:
    return value


described = schemathesis.openapi.from_path(OPENAPI)
described.app = application


@pytest.mark.slow
def test_the_committed_description_is_that_of_the_code(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh))
    assert yaml.safe_load(OPENAPI.read_text()) == yaml.safe_load(fresh.read_text()), (
        "Run: manage.py spectacular --file webapp/api/openapi.yaml"
    )
    assert yaml.safe_load(OPENAPI.read_text())["openapi"].startswith("3.1")


@pytest.fixture
def token(transactional_db: None) -> str:
    person = UserFactory.create()
    finished("happy", "sad", recording__owner=person)
    return create_token(user=person, name="test")[1]


@pytest.mark.usefixtures("models")
@described.parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: Any, token: str) -> None:
    cache.clear()  # nobody is throttled here
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, checks=CHECKS)
