"""The Celery application. A message holds an id only; the database row is the source of truth."""

import logging
import os
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, setup_logging, task_failure, task_prerun, worker_init
from django.conf import settings
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from webapp.observability import metrics
from webapp.storage import media

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

REQUEST_ID = "request_id"  # a message header: log lines of the task carry the id of the request that led to it

app = Celery("emotrace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """A connected handler keeps Celery from configuring logging itself."""


@worker_init.connect
def start(**_: Any) -> None:
    """Create directories and expose metrics when a worker starts."""
    media.create_directories()
    metrics.expose(settings.METRICS_PORT)


@before_task_publish.connect
def attach_request_id(sender: str, headers: dict[str, Any], body: Any, routing_key: str, **_: Any) -> None:
    """Send the request's id in the message's headers."""
    if request_id := get_contextvars().get(REQUEST_ID):
        headers[REQUEST_ID] = request_id
    logger.info("task sent", extra={"task": sender, "argument": body[0][0], "queue": routing_key})


@task_prerun.connect
def bind_request_id(task: Task, args: list[str], **_: Any) -> None:
    """Bind the request's id to the task's log lines."""
    clear_contextvars()
    if request_id := getattr(task.request, REQUEST_ID, None):
        bind_contextvars(**{REQUEST_ID: request_id})
    logger.info("task begins", extra={"task": task.name, "argument": args[0]})


@task_failure.connect
def log_task_failure(sender: Task, exception: BaseException, **_: Any) -> None:
    """Log the exception that ended a task."""
    logger.error("task broke off", extra={"task": sender.name}, exc_info=exception)
