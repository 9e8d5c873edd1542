"""Recordings, projects, tags, tokens, EEG outlines and models as JSON. Times are in seconds."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from inference.eeg import EegOutline
from inference.store import StoredModel
from webapp.accounts.models import Scope, User
from webapp.accounts.services import TOKEN_DAYS
from webapp.analyses.models import Analysis
from webapp.api.serializers.fields import SecondsField
from webapp.recordings.consent import TEXT as CONSENT
from webapp.recordings.models import (
    EEG_UNITS,
    MAX_TAGS,
    NO_COMMA,
    NOTE_MAX_LENGTH,
    TAG_MAX_LENGTH,
    MediaFile,
    Project,
    Purpose,
    Recording,
    Tag,
)
from webapp.recordings.services import NewRecording, RecordingFiles

MAX_TOKEN_DAYS = 3650


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(write_only=True, max_length=User._meta.get_field("username").max_length)
    password = serializers.CharField(write_only=True, trim_whitespace=False)
    code = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="Of the second factor, if there is one.",
    )
    name = serializers.CharField(max_length=100, default="Made through the API", help_text="What the token is for.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        default=list(Scope),
        allow_empty=False,
        help_text="All of them without this.",
    )
    expires_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_TOKEN_DAYS,
        allow_null=True,
        default=TOKEN_DAYS,
        write_only=True,
        help_text="Null for a token that does not expire.",
    )
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    token = serializers.CharField(read_only=True, help_text="Shown this once.")


class MediaFileSerializer(serializers.ModelSerializer[MediaFile]):
    class Meta:
        model = MediaFile
        fields = ["kind", "original_name", "bytes", "sha256", "eeg_trial", "eeg_sfreq", "eeg_unit"]


@extend_schema_serializer(component_name="State")
class AnalysisStateSerializer(serializers.ModelSerializer[Analysis]):
    class Meta:
        model = Analysis
        fields = ["id", "status", "model_name", "model_version"]


def erase_due_field() -> serializers.BooleanField:
    """The confirmation of a change that makes recordings expire."""
    help_text = "Has to be true where recordings are older than they would be kept: they are erased within the hour."
    return serializers.BooleanField(required=False, write_only=True, help_text=help_text)


class ProjectSerializer(serializers.ModelSerializer[Project]):
    count = serializers.IntegerField(read_only=True, default=0, help_text="Of its recordings.")
    erase_due = erase_due_field()

    class Meta:
        model = Project
        fields = [
            *("id", "name", "description", "purpose", "retention_days", "created_at", "count", "erase_due"),
        ]
        extra_kwargs = {
            "purpose": {"help_text": "Of recordings that are sent into it without one."},
            "retention_days": {"help_text": "Its recordings are erased so many days after they came; null: never."},
        }


class TagSerializer(serializers.ModelSerializer[Tag]):
    count = serializers.IntegerField(read_only=True, default=0, help_text="Of the recordings that carry it.")

    class Meta:
        model = Tag
        fields = ["id", "name", "count"]


@extend_schema_field(OpenApiTypes.UUID)
class OwnProjectField(serializers.PrimaryKeyRelatedField[Project]):
    """One of the user's own projects."""

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.filter(owner=self.context["request"].user)


@extend_schema_serializer(component_name="Change")
class RecordingUpdateSerializer(serializers.ModelSerializer[Recording]):
    """What of a recording can be changed."""

    project = OwnProjectField(required=False, allow_null=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_MAX_LENGTH, validators=[NO_COMMA]),
        required=False,
        max_length=MAX_TAGS,
        help_text="By name; unknown ones are made.",
    )
    erase_due = erase_due_field()

    class Meta:
        model = Recording
        fields = ["title", "project", "tags", "erase_due"]


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    files = MediaFileSerializer(many=True, read_only=True)
    tags: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="name")
    duration_s = SecondsField(read_only=True)
    analyses = AnalysisStateSerializer(many=True, read_only=True, help_text="Newest first.")
    consent_text = serializers.CharField(read_only=True, help_text="What was agreed to.")
    delete_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null where it is kept until somebody deletes it."
    )

    class Meta:
        model = Recording
        fields = [
            *(
                "id",
                "title",
                "project",
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


@extend_schema_serializer(component_name="Created")
class RecordingCreatedSerializer(RecordingSerializer):
    analysis = AnalysisStateSerializer(read_only=True, help_text="The recording's first analysis.")

    class Meta(RecordingSerializer.Meta):
        fields = [*RecordingSerializer.Meta.fields, "analysis"]


@extend_schema_serializer(component_name="Upload")
class NewRecordingSerializer(serializers.Serializer[Any]):
    video = serializers.FileField(allow_empty_file=True, required=False, help_text="This or `video_upload`.")
    audio = serializers.FileField(
        allow_empty_file=True, required=False, help_text="Sound that is read instead of the video's own."
    )
    eeg = serializers.FileField(allow_empty_file=True, required=False, help_text="A MAT file.")
    video_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    audio_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    eeg_upload = serializers.UUIDField(required=False, help_text="A finished upload, instead of the file.")
    eeg_trial = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Counted from 1; where the file holds several."
    )
    eeg_sfreq = serializers.FloatField(required=False, help_text="Hz; where the file names none.")
    eeg_unit = serializers.ChoiceField(
        choices=EEG_UNITS,
        required=False,
        allow_blank=True,
        help_text="Of the values, where the file names none; without either they are microvolts.",
    )
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    model = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="NAME or NAME@VERSION, from `models/`."
    )
    project = OwnProjectField(required=False, help_text="The project that it belongs to.")
    purpose = serializers.ChoiceField(
        choices=Purpose.choices,
        required=False,
        help_text="What it is used for; without this the project's, else `unstated`. The server may forbid some.",
    )
    purpose_note = serializers.CharField(
        max_length=NOTE_MAX_LENGTH, required=False, allow_blank=True, help_text="More about it; has to be with `other`."
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


class EegOutlineSerializer(serializers.Serializer[EegOutline]):
    shape = serializers.ListField(child=serializers.IntegerField(), help_text="Of the array, as MATLAB shows it.")
    trials = serializers.IntegerField(allow_null=True, help_text="Null for one continuous recording.")
    sfreq = serializers.FloatField(allow_null=True, help_text="Hz; null where the file names none.")
    seconds = serializers.FloatField(allow_null=True, help_text="Of one trial, or of the whole.")
    channels = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Their names in order, where the file gives them.",
    )
    unit = serializers.ChoiceField(choices=EEG_UNITS, allow_null=True, help_text="Null where the file names none.")
    channel_order = serializers.ChoiceField(
        choices=["names", "assumed"],
        help_text="`assumed`: the file names no channels, EAV's order is taken for theirs.",
    )


class ExportsSerializer(serializers.Serializer[Any]):
    formats = serializers.CharField(required=False, help_text="With commas between them; all of them without this.")
    video = serializers.BooleanField(default=False, help_text="Whether the labelled videos come too.")


class ModelSerializer(serializers.Serializer[StoredModel]):
    name = serializers.CharField()
    version = serializers.CharField()
    kind = serializers.ChoiceField(choices=["audio-video", "eeg", "fusion"])
    labels = serializers.ListField(child=serializers.CharField())
    demonstration = serializers.CharField(allow_null=True, help_text="Why it is for demonstration only, where it is.")
    notice = serializers.CharField()
    sha256 = serializers.CharField(source="used.sha256")
    metrics = serializers.DictField()
