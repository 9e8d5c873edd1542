"""How the application is put together."""

# The web process sends tasks too: without this import they would go to no broker.
from webapp.config.celery import app

__all__ = ["app"]
