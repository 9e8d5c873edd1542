"""Log lines: JSON, or plain on a terminal, with the request's id and without personal data.

FIELDS are the allowed fields besides the message. Messages contain ids only; exception text may contain user input or
file names, so the JSON format omits it.
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

LEVELS, FORMATS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), ("json", "plain")
FIELDS = {"analysis", "argument", "bytes", "method", "queue", "route", "seconds", "stage", "status", "task"}
# Their text contains hosts and time limits only.
QUOTABLE_ERRORS = {"ConnectionError", "OperationalError", "TimeoutError"}
FRAMES = 20

# These URLs are secrets: they open a share link, a link for participants or the progress of an account's deletion.
SECRET_PATH = re.compile(r"(/link/|/collect/|/collection/|/account/deleted/)[^/\s]+")
# gunicorn quotes the client's address and the invalid request.
GUNICORN_QUOTES = re.compile("Invalid request|Error handling request")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class RedactSecretsFilter(logging.Filter):
    """Replaces the requested URL, which may contain a secret or user input, by its route."""

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
    """Django's LOGGING to stderr. `form` is `json`, `plain`, or empty: plain on a terminal, else JSON."""
    plain = form == "plain" or (not form and sys.stderr.isatty())
    # Tracebacks without the values of variables, which may be passwords.
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
            "axes": {"level": "ERROR"},  # lower levels contain usernames and addresses
            "django.request": {"level": "ERROR"},  # RequestLogMiddleware logs refused requests
            # Both repeat the lines of webapp.config.celery with arguments and full errors.
            "celery.app.trace": {"level": "CRITICAL"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
        "root": {"handlers": ["stderr"], "level": level},
    }


def _redact_exceptions(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
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
