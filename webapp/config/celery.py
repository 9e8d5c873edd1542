"""The task queue. A message holds an id and nothing else; the database row is the truth."""

import logging
import os
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, setup_logging, task_failure, task_prerun
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

REQUEST = "request_id"  # travels beside the message, from the request to whatever is done because of it

app = Celery("emotrace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """That somebody listens is what keeps Celery from setting up its own."""


@before_task_publish.connect
def send_request_id(sender: str, headers: dict[str, Any], body: Any, routing_key: str, **_: Any) -> None:
    if request_id := get_contextvars().get(REQUEST):
        headers[REQUEST] = request_id
    logger.info("task sent", extra={"task": sender, "argument": body[0][0], "queue": routing_key})


@task_prerun.connect
def take_request_id(task: Task, args: list[str], **_: Any) -> None:
    clear_contextvars()
    if request_id := getattr(task.request, REQUEST, None):
        bind_contextvars(**{REQUEST: request_id})
    logger.info("task begins", extra={"task": task.name, "argument": args[0]})


@task_failure.connect
def say_what_broke(sender: Task, exception: BaseException, **_: Any) -> None:
    logger.error("task broke off", extra={"task": sender.name}, exc_info=exception)
