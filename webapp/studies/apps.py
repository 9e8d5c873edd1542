"""Connects studies to the events of the apps below."""

from django.apps import AppConfig
from django.db.models.signals import post_delete


class StudiesConfig(AppConfig):
    """Studies."""

    name = "webapp.studies"

    def ready(self) -> None:
        """Connect the receivers."""
        from webapp.analyses.events import recordings_deleted
        from webapp.analyses.privacy.data_export import exporting_account, exporting_recording
        from webapp.recordings.projects_and_tags import leaving_project
        from webapp.studies import data_export, erasure

        recordings_deleted.connect(erasure.on_recordings_deleted)
        leaving_project.connect(erasure.on_leaving_project)
        post_delete.connect(erasure.on_stimulus_deleted, "studies.Stimulus")
        post_delete.connect(erasure.on_session_deleted, "studies.CollectionSession")
        exporting_account.connect(data_export.on_exporting_account)
        exporting_recording.connect(data_export.on_exporting_recording)
