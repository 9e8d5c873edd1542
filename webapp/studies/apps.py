"""Connects studies to the events of the apps below."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Studies."""

    name = "webapp.studies"

    def ready(self) -> None:
        """Connect the receivers."""
        from webapp.analyses.events import recordings_deleted
        from webapp.studies import erasure

        recordings_deleted.connect(erasure.on_recordings_deleted)
