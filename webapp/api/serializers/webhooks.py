"""Webhooks and deliveries as JSON, and the filters of deliveries."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from webapp.analyses.events import EventType
from webapp.api.serializers.fields import NullableCharField
from webapp.webhooks.models import TEST_EVENT, Delivery, Endpoint

EVENTS = [(str(event), str(event)) for event in EventType]


class WebhookSerializer(serializers.ModelSerializer[Endpoint]):
    url = serializers.CharField(max_length=500, help_text="https or http, on an ordinary port, at a public address.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS),
        allow_empty=False,
        default=list(EventType),
        help_text="Events to send; default: all.",
    )
    enabled = serializers.BooleanField(default=True)
    note = NullableCharField(help_text="Why it was disabled automatically.")
    old_secret_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until then the previous secret also signs."
    )

    class Meta:
        model = Endpoint
        fields = ["id", "url", "events", "enabled", "note", "failing_since", "old_secret_until", "created_at"]
        read_only_fields = ["failing_since"]


@extend_schema_serializer(component_name="NewWebhook")
class WebhookCreatedSerializer(WebhookSerializer):
    enabled = serializers.BooleanField(read_only=True)
    secret = serializers.CharField(read_only=True, help_text="Signs the messages. Shown only once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(read_only=True, help_text="Signs the messages from now on. Shown only once.")
    old_secret_until = serializers.DateTimeField(read_only=True, help_text="Until then the previous secret also signs.")


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    message_id = serializers.CharField(
        read_only=True, help_text="The header webhook-id, which is the same in every attempt."
    )
    payload = serializers.DictField(read_only=True)
    answer = NullableCharField(help_text="Start of the response.")
    error = NullableCharField()
    next_attempt_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            *("id", "message_id", "event", "payload", "status", "attempts", "created_at", "attempted_at"),
            *("next_attempt_at", "response_code", "answer", "duration_ms", "error"),
        ]

    def get_next_attempt_at(self, delivery: Delivery) -> str | None:
        """Null where there will be none."""
        return delivery.next_attempt_at.isoformat() if delivery.status == Delivery.Status.PENDING else None


class DeliveryFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Delivery.Status.choices)
    event = django_filters.ChoiceFilter(choices=[*EVENTS, (TEST_EVENT, TEST_EVENT)])

    class Meta:
        model = Delivery
        fields: list[str] = []
