"""Webhook endpoints and their deliveries."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT

from webapp.accounts.models import User
from webapp.analyses.events import EventType

TEST_EVENT = "webhook.test"
RECORDING_PATH = "payload__data__recording"  # the lookup of a payload's recording


class Endpoint(models.Model):
    """A URL that receives events. The secrets, which sign every message, are stored encrypted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=40, choices=[(event, event) for event in EventType]))
    secret = models.TextField()
    old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True)
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=300, blank=True, help_text="Why it was switched off, where nobody did it.")
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return self.url


class AllowedNetwork(models.Model):
    """A private network that administrators allow as target of webhooks, on any port."""

    network = models.CharField(max_length=50, unique=True, help_text="In CIDR notation, such as 192.168.1.0/24.")

    def __str__(self) -> str:
        return self.network


class Delivery(models.Model):
    """One message to one endpoint, sent until it is delivered or has failed for good; the last attempt is recorded."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    payload = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(db_column="nudged_at")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    attempted_at = models.DateTimeField(null=True)
    response_code = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True, help_text="How the answer began.")
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["endpoint", "-created_at"]),
            models.Index(fields=["next_attempt_at"], condition=Q(status="pending"), name="delivery_pending"),
            models.Index(KT(RECORDING_PATH), name="delivery_recording"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint_id}"

    def clear_result(self) -> None:
        """Forget the result of the last attempt."""
        self.response_code, self.answer, self.duration_ms, self.error = None, "", None, ""

    @property
    def message_id(self) -> str:
        """The message's id, which is the same in every attempt."""
        return f"msg_{self.pk.hex}"
