"""Shares as JSON, and back; recordings as those see them with whom they are shared."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from webapp.api.serializers.fields import SecondsField
from webapp.api.serializers.projects_and_tags import OwnProjectField
from webapp.api.serializers.recordings import AnalysisStateSerializer
from webapp.recordings.consent import SHARING_PROJECT_TEXT, SHARING_TEXT
from webapp.recordings.models import Recording, Share
from webapp.recordings.sharing import MAX_LINK_LIFETIME

CONSENT = f"Has to be true. Of a recording: {SHARING_TEXT} Of a project: {SHARING_PROJECT_TEXT}"


@extend_schema_field(OpenApiTypes.UUID)
class OwnRecordingField(serializers.PrimaryKeyRelatedField[Recording]):
    """One of the user's own recordings."""

    def get_queryset(self) -> Any:
        return Recording.objects.filter(owner=self.context["request"].user)


class ShareSerializer(serializers.ModelSerializer[Share]):
    username = serializers.SerializerMethodField(help_text="The recipient; null for a link.")

    class Meta:
        model = Share
        fields = [
            *("id", "recording", "project", "username", "note", "may_download", "created_at", "expires_at"),
            *("last_seen_at", "openings"),
        ]

    def get_username(self, share: Share) -> str | None:
        return share.person.get_username() if share.person else None


class NewShareSerializer(serializers.Serializer[Any]):
    recording = OwnRecordingField(required=False, help_text="This or `project`.")
    project = OwnProjectField(required=False, help_text="Includes recordings that are added later.")
    username = serializers.CharField(
        max_length=150, required=False, help_text="The recipient; without it a link is created."
    )
    expires_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LINK_LIFETIME.days,
        required=False,
        help_text="Lifetime of a link: this or `expires_at`.",
    )
    expires_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    may_download = serializers.BooleanField(default=False, help_text="Whether files may be downloaded.")
    consent = serializers.BooleanField(default=False, help_text=CONSENT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("recording" in attrs) == ("project" in attrs):
            raise serializers.ValidationError({"recording": ["Send either a recording or a project."]})
        ends = [name for name in ("expires_days", "expires_at") if name in attrs]
        if "username" in attrs and ends:
            raise serializers.ValidationError({ends[0]: ["Only a link expires: send this or a username."]})
        if "username" not in attrs and len(ends) != 1:
            raise serializers.ValidationError({"expires_days": ["Say whom with, or when the link expires."]})
        return attrs

    @property
    def target(self) -> Any:
        return self.validated_data.get("recording") or self.validated_data["project"]

    @property
    def expires_at_moment(self) -> Any:
        days = self.validated_data.get("expires_days")
        return timezone.now() + timedelta(days=days) if days else self.validated_data["expires_at"]


@extend_schema_serializer(component_name="MadeShare")
class ShareCreatedSerializer(ShareSerializer):
    path = serializers.CharField(
        read_only=True, allow_null=True, help_text="Path of a link, with its secret. Shown only once."
    )

    class Meta(ShareSerializer.Meta):
        fields = [*ShareSerializer.Meta.fields, "path"]


@extend_schema_serializer(component_name="Shared")
class SharedRecordingSerializer(serializers.ModelSerializer[Recording]):
    owner = serializers.CharField(source="owner.username", help_text="User name of the owner.")
    duration_s = SecondsField(read_only=True)
    analyses = AnalysisStateSerializer(many=True, read_only=True, help_text="Newest first.")

    class Meta:
        model = Recording
        fields = [
            *("id", "title", "owner", "created_at", "duration_s", "width", "height", "fps", "has_audio", "has_eeg"),
            "analyses",
        ]
