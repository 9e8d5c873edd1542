"""The audit log's entries. Triggers of the first migration refuse changes to them."""

from django.db import models
from django.db.models.functions import Now


class Action(models.TextChoices):
    """The recorded actions, with their names on the page of the user concerned."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Failed to sign in"
    LOCKED_OUT = "locked_out", "Locked out after too many wrong passwords"
    SECOND_FACTOR_ON = "second_factor_on", "Second factor switched on"
    SECOND_FACTOR_OFF = "second_factor_off", "Second factor switched off"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    ACCOUNT_MADE = "account_made", "Account made"
    ACCOUNT_ERASED = "account_erased", "Account erased"
    QUOTA_CHANGED = "quota_changed", "Quota changed"
    DATA_EXPORTED = "data_exported", "All data downloaded"
    TOKEN_MADE = "token_made", "API token made"
    TOKEN_REVOKED = "token_revoked", "API token revoked"
    RECORDING_RECEIVED = "recording_received", "Recording uploaded"
    RECORDING_ERASED = "recording_erased", "Recording deleted"
    ORIGINAL_FETCHED = "original_fetched", "Original video opened"
    VIDEO_FETCHED = "video_fetched", "Labelled video opened"
    FILE_EXPORTED = "file_exported", "Timeline downloaded"
    CORRECTED = "corrected", "Timeline corrected"
    BASELINE_CHANGED = "baseline_changed", "Neutral baseline changed"
    PARTICIPANTS_CHANGED = "participants_changed", "Participants changed"
    VARIABLES_CHANGED = "variables_changed", "Variables or their values changed"
    STIMULI_CHANGED = "stimuli_changed", "Stimuli changed"
    MARKERS_CHANGED = "markers_changed", "Markers changed"
    TRANSCRIPT_CHANGED = "transcript_changed", "Transcript changed"
    COMPARISON_SAVED = "comparison_saved", "Comparison saved"
    COMPARISON_DELETED = "comparison_deleted", "Comparison deleted"
    THRESHOLDS_CHANGED = "thresholds_changed", "Thresholds of quality changed"
    STUDY_EXPORTED = "study_exported", "Study downloaded"
    COLLECTION_OPENED = "collection_opened", "Link for participants made"
    COLLECTION_CLOSED = "collection_closed", "Link for participants closed"
    COLLECTION_BEGUN = "collection_begun", "Participant began by a link"
    WEBHOOK_NETWORKS_CHANGED = "webhook_networks_changed", "Networks that webhooks may reach changed"
    SHARED = "shared", "Sharing begun"
    SHARE_OPENED = "share_opened", "What is shared was opened"
    SHARE_REVOKED = "share_revoked", "Sharing ended"


class Entry(models.Model):
    """One action. It holds ids only: once an account is deleted, its entries identify nobody."""

    at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=40)
    actor_id = models.BigIntegerField(null=True)  # None: before a login, by a link, at the command line
    owner_id = models.BigIntegerField(null=True)  # the owner of the account or object concerned
    link_id = models.UUIDField(null=True)  # the link that the visitor or participant came by
    kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=36, blank=True)
    request_id = models.CharField(max_length=32, blank=True)  # as in the log lines

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-id"]),
            models.Index(fields=["actor_id", "-id"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_id}"
