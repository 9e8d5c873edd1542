from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OperationConfig(AppConfig):
    name = "webapp.operation"

    def ready(self) -> None:
        from webapp.operation import roles

        post_migrate.connect(roles.after_migrations, sender=self)
