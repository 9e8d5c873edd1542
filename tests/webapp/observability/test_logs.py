"""Log lines: their two forms, what they carry, and what they keep to themselves."""

import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client
from structlog.contextvars import bound_contextvars

from webapp.observability import logs

Written = Callable[[], str]
Logger = Callable[[str], tuple[logging.Logger, Written]]


@pytest.fixture
def logger() -> Iterator[Logger]:
    """A logger of its own whose lines have the given form."""
    made = logging.getLogger("webapp.test_of_lines")

    def make(form: str) -> tuple[logging.Logger, Written]:
        formatter = logs.logging_config("INFO", form)["formatters"]["line"]
        stream = StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter.pop("()")(**formatter))
        made.handlers, made.propagate = [handler], False
        made.setLevel(logging.INFO)
        return made, stream.getvalue

    yield make
    made.handlers, made.propagate = [], True


def test_a_line_is_json_with_time_level_and_the_request(logger: Logger) -> None:
    log, written = logger("json")
    with bound_contextvars(request_id="ab" * 16):
        log.warning("analysis %s waits", "17", extra={"seconds": 2.5})
    line = json.loads(written())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "analysis 17 waits",
        "level": "warning",
        "logger": "webapp.test_of_lines",
        "request_id": "ab" * 16,
        "seconds": 2.5,
    }


def test_what_is_not_listed_stays_out(logger: Logger) -> None:
    log, written = logger("json")
    log.info("request", extra={"title": "Zebulon", "status": 200})
    assert "Zebulon" not in written()
    assert json.loads(written())["status"] == 200


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (IntegrityError("Key (username)=(Zebulon) already exists."), "django.db.utils.IntegrityError", None),
        (OSError(28, "No space left on device", "zebulon.mp4"), "builtins.OSError", "No space left on device"),
        (ValueError("zebulon.mp4"), "builtins.ValueError", None),
        (OperationalError("connection refused\n"), "django.db.utils.OperationalError", "connection refused"),
    ],
)
def test_an_error_says_only_what_cannot_be_about_a_person(
    logger: Logger, error: Exception, kind: str, said: str | None
) -> None:
    log, written = logger("json")
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("Zebulon again") from cause
    except RuntimeError:
        log.exception("it broke off")
    assert "zebulon" not in written().lower()
    outer, inner = json.loads(written())["raised"]
    assert (outer["type"], outer["said"]) == ("builtins.RuntimeError", None)
    assert (inner["type"], inner["said"]) == (kind, said)
    assert __file__ in inner["at"][-1]


def test_on_a_terminal_a_person_reads_it_all(logger: Logger) -> None:
    log, written = logger("plain")
    try:
        raise ValueError("what went wrong")
    except ValueError:
        log.exception("it broke off")
    assert "it broke off" in written()
    assert "what went wrong" in written()


def test_no_variable_is_shown_on_a_terminal(logger: Logger) -> None:
    log, written = logger("plain")
    password = "zebulon".upper()
    try:
        len(int(password[:0] or "0"))  # type: ignore[arg-type]
    except TypeError:
        log.exception("it broke off")
    assert "TypeError" in written()
    assert password not in written()


def test_a_refusal_tells_no_address(db: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(logs.RedactSecretsFilter())
    caplog.set_level("WARNING")
    Client(enforce_csrf_checks=True).post("/password/reset/1-zebulon-secret/")
    assert "Forbidden (CSRF cookie not set.): ^password/reset/" in caplog.text
    assert "zebulon" not in caplog.text


@pytest.mark.parametrize(("given", "kept"), [("0123456789abcdef" * 2, True), ("Zebulon", False), ("", False)])
def test_the_answer_names_the_id_that_nginx_gave(db: None, client: Client, given: str, kept: bool) -> None:
    answer = client.get("/login/", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is kept
    assert len(answer["X-Request-ID"]) == 32
