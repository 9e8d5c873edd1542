"""The task queue. A message holds an id and nothing else; the database row is the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

app = Celery("emotrace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
