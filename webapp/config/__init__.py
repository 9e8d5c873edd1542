"""Settings, URLs and the entry points of web processes and workers."""

# The web process sends tasks, too: it needs the configured Celery application.
from webapp.config.celery import app

__all__ = ["app"]
