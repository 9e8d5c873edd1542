from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class OperationConfig(AppConfig):
    name = "webapp.operation"

    def ready(self) -> None:
        from webapp.operation import roles

        # Sent for each application that has models: for the log's alone, once all tables are there.
        post_migrate.connect(roles.grant_after_migrations, sender=apps.get_app_config("audit"))
