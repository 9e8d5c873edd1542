from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webapp.webhooks"

    def ready(self) -> None:
        from webapp.analyses.events import happened
        from webapp.analyses.reaper import reaping
        from webapp.webhooks import outbox

        happened.connect(outbox.on_happened)
        reaping.connect(outbox.on_reaping)
