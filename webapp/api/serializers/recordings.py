"""Recordings as JSON. Times are in seconds."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from webapp.analyses.models import Analysis
from webapp.api.serializers.fields import SecondsField
from webapp.api.serializers.projects_and_tags import OwnProjectField, erase_due_field
from webapp.recordings.consent import TEXT as CONSENT
from webapp.recordings.models import (
    EEG_UNITS,
    MAX_TAGS,
    NO_COMMA,
    NOTE_MAX_LENGTH,
    TAG_MAX_LENGTH,
    MediaFile,
    Participant,
    Purpose,
    Recording,
)
from webapp.recordings.services import NewRecording, RecordingFiles


class MediaFileSerializer(serializers.ModelSerializer[MediaFile]):
    class Meta:
        model = MediaFile
        fields = ["kind", "original_name", "bytes", "sha256", "eeg_trial", "eeg_sfreq", "eeg_unit"]


@extend_schema_serializer(component_name="State")
class AnalysisStateSerializer(serializers.ModelSerializer[Analysis]):
    class Meta:
        model = Analysis
        fields = ["id", "status", "model_name", "model_version"]


@extend_schema_field(OpenApiTypes.UUID)
class OwnParticipantField(serializers.PrimaryKeyRelatedField[Participant]):
    """A participant of one of the user's own projects."""

    def get_queryset(self) -> Any:
        return Participant.objects.filter(project__owner=self.context["request"].user)


@extend_schema_serializer(component_name="Change")
class RecordingUpdateSerializer(serializers.ModelSerializer[Recording]):
    """What of a recording can be changed."""

    project = OwnProjectField(required=False, allow_null=True)
    participant = OwnParticipantField(required=False, allow_null=True, help_text="Of the recording's project.")
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_MAX_LENGTH, validators=[NO_COMMA]),
        required=False,
        max_length=MAX_TAGS,
        help_text="By name; missing tags are created.",
    )
    erase_due = erase_due_field()

    class Meta:
        model = Recording
        fields = ["title", "project", "participant", "tags", "erase_due"]


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    files = MediaFileSerializer(many=True, read_only=True)
    tags: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="name")
    participant_code = serializers.CharField(
        source="participant.code",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Null without one.",
    )
    duration_s = SecondsField(read_only=True)
    analyses = AnalysisStateSerializer(many=True, read_only=True, help_text="Newest first.")
    consent_text = serializers.CharField(read_only=True, help_text="The text that was agreed to.")
    delete_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When it will be erased; null: never."
    )

    class Meta:
        model = Recording
        fields = [
            *(
                "id",
                "title",
                "project",
                "participant",
                "participant_code",
                "tags",
                "created_at",
                "duration_s",
                "width",
                "height",
                "fps",
                "has_audio",
                "has_eeg",
                "bytes",
            ),
            *("purpose", "purpose_note", "consent_at", "consent_version", "consent_text", "delete_at"),
            *("files", "analyses"),
        ]


class RecordingUpdatedSerializer(RecordingSerializer):
    lost = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Of `participant`, `variables`, `stimuli`: what the recording lost by leaving a project.",
    )

    class Meta(RecordingSerializer.Meta):
        fields = [*RecordingSerializer.Meta.fields, "lost"]


@extend_schema_serializer(component_name="Created")
class RecordingCreatedSerializer(RecordingSerializer):
    analysis = AnalysisStateSerializer(read_only=True, help_text="The recording's first analysis.")

    class Meta(RecordingSerializer.Meta):
        fields = [*RecordingSerializer.Meta.fields, "analysis"]


@extend_schema_serializer(component_name="Upload")
class NewRecordingSerializer(serializers.Serializer[Any]):
    video = serializers.FileField(allow_empty_file=True, required=False, help_text="This or `video_upload`.")
    audio = serializers.FileField(
        allow_empty_file=True, required=False, help_text="Audio that replaces the video's own."
    )
    eeg = serializers.FileField(allow_empty_file=True, required=False, help_text="A MAT file.")
    video_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    audio_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    eeg_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    eeg_trial = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="From 1; needed if the file contains several trials.",
    )
    eeg_sfreq = serializers.FloatField(required=False, help_text="Hz; needed if the file states none.")
    eeg_unit = serializers.ChoiceField(
        choices=EEG_UNITS,
        required=False,
        allow_blank=True,
        help_text="Unit of the values if the file states none; default: microvolts.",
    )
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    model = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="NAME or NAME@VERSION, from `models/`."
    )
    project = OwnProjectField(required=False, help_text="The recording's project.")
    purpose = serializers.ChoiceField(
        choices=Purpose.choices,
        required=False,
        help_text="Default: the project's purpose, else `unstated`. The server may forbid some purposes.",
    )
    purpose_note = serializers.CharField(
        max_length=NOTE_MAX_LENGTH,
        required=False,
        allow_blank=True,
        help_text="Details of the purpose; required with `other`.",
    )
    consent = serializers.BooleanField(default=False, help_text=f"Has to be true: {CONSENT}")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for kind in MediaFile.Kind:
            if kind in attrs and f"{kind}_upload" in attrs:
                raise serializers.ValidationError({kind: [f"Send either the file or {kind}_upload, not both."]})
        if "video" not in attrs and "video_upload" not in attrs:
            raise serializers.ValidationError({"video": ["Send the video, or name its upload as video_upload."]})
        return attrs

    def new_recording(self, *, idempotency_key: str | None) -> NewRecording:
        data = self.validated_data
        files = {str(kind): data.get(kind) or data.get(f"{kind}_upload") for kind in MediaFile.Kind}
        return NewRecording(
            files=RecordingFiles(
                **files,
                eeg_trial=data.get("eeg_trial"),
                eeg_sfreq=data.get("eeg_sfreq"),
                eeg_unit=data.get("eeg_unit") or None,
            ),
            consent=data["consent"],
            title=data.get("title", ""),
            project=data.get("project"),
            purpose=data.get("purpose"),
            purpose_note=data.get("purpose_note", ""),
            idempotency_key=idempotency_key,
        )
