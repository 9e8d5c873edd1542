from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webapp.webhooks"

    def ready(self) -> None:
        from webapp.analyses.events import deleted, happened
        from webapp.analyses.execution.reaper import reaping
        from webapp.webhooks import outbox

        happened.connect(outbox.on_happened)
        deleted.connect(outbox.on_deleted)
        reaping.connect(outbox.on_reaping)
