"""Log lines: JSON for machines, plain on a terminal, the request's id on all of them, and nothing about a person.

What a line may say besides its message is in FIELDS. Messages are ours and name ids only; those of errors may
quote what somebody typed or how a file was called, so that JSON leaves them out where they could.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import structlog
from django.http import HttpRequest
from structlog.typing import EventDict, WrappedLogger

FIELDS = {"analysis", "argument", "bytes", "method", "queue", "route", "seconds", "stage", "status", "task"}
# They speak of servers: hosts and time limits, never of rows or files.
QUOTABLE_ERRORS = {"ConnectionError", "OperationalError", "TimeoutError"}
FRAMES = 20

# The address is all that it takes to open a link, or to see how far the deletion of an account is.
SECRET_PATH = re.compile(r"(/link/|/account/deleted/)[^/\s]+")
# gunicorn says from where what it cannot read came, and what it was.
GUNICORN_QUOTES = re.compile("Invalid request|Error handling request")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class RedactSecretsFilter(logging.Filter):
    """Leaves out of every line which address was asked for: it may hold a secret, or what somebody typed."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            route = request.resolver_match.route if request.resolver_match else "an unknown address"
            record.args = tuple(route if each == request.path else each for each in record.args)
        if record.name == "gunicorn.error" and (quoting := GUNICORN_QUOTES.match(str(record.msg))):
            record.msg, record.args = quoting.group(), ()
        if isinstance(record.msg, str) and SECRET_PATH.search(line := record.getMessage()):
            record.msg, record.args = SECRET_PATH.sub(r"\1...", line), ()
        return True


def logging_config(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING: every line to stderr; `form` is `json`, `plain`, or empty: plain on a terminal only."""
    plain = form == "plain" or (not form and sys.stderr.isatty())
    # Without the values of variables, which may be anybody's password.
    shown = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    ends = [shown] if plain else [_redact_exceptions, structlog.processors.JSONRenderer()]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.ExtraAdder(allow=FIELDS),
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
            }
        },
        "filters": {"without_secrets": {"()": RedactSecretsFilter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_secrets"]},
        },
        "loggers": {
            "gunicorn.error": {"handlers": ["stderr"], "propagate": False},
            "axes": {"level": "ERROR"},  # below that it names who failed to log in, and from where
            "django.request": {"level": "ERROR"},  # refusals are in the line of their request
            # Both repeat what webapp.config.celery says, with arguments and errors in full.
            "celery.app.trace": {"level": "CRITICAL"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
        "root": {"handlers": ["stderr"], "level": level},
    }


def _redact_exceptions(logger: WrappedLogger, name: str, line: EventDict) -> EventDict:
    raised: ExcInfo | None = line.pop("exc_info", None)
    if raised and raised[1]:
        line["raised"] = [
            {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "said": _safe_message(error),
                "at": [
                    f"{frame.filename}:{frame.lineno} {frame.name}"
                    for frame in traceback.extract_tb(error.__traceback__)[-FRAMES:]
                ],
            }
            for error in _cause_chain(raised[1])
        ]
    return line


def _safe_message(error: BaseException) -> str | None:
    if type(error).__name__ in QUOTABLE_ERRORS:
        return str(error).strip()
    return error.strerror if isinstance(error, OSError) else None


def _cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
