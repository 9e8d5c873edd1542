"""Grants the database role its rights after migrations."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class OperationConfig(AppConfig):
    """Tools of the operator."""

    name = "webapp.operation"

    def ready(self) -> None:
        from webapp.operation import database_roles

        # post_migrate is sent for each app; once is enough, after all tables exist.
        post_migrate.connect(database_roles.grant_after_migrations, sender=apps.get_app_config("audit"))
