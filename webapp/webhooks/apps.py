"""Connects the outbox to the events of analyses."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Webhooks."""

    name = "webapp.webhooks"

    def ready(self) -> None:
        """Connect the receivers."""
        from webapp.analyses.events import analysis_changed, recordings_deleted
        from webapp.analyses.execution.reaper import reaping
        from webapp.webhooks import outbox

        analysis_changed.connect(outbox.on_analysis_changed)
        recordings_deleted.connect(outbox.on_recordings_deleted)
        reaping.connect(outbox.on_reaping)
