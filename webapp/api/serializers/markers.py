"""Stimuli, markers and transcripts as JSON. Times are in seconds from the recording's start."""

from typing import Any

from rest_framework import serializers

from inference.annotations.reader import MARKER_FORMATS, TRANSCRIPT_FORMATS
from webapp.api.serializers.fields import SecondsField
from webapp.studies.limits import MAX_LINES, MAX_MARKERS, MAX_RECORDINGS
from webapp.studies.markers import NewMarker
from webapp.studies.models import (
    NAME_MAX_LENGTH,
    TEXT_MAX_LENGTH,
    TITLE_MAX_LENGTH,
    Marker,
    Stimulus,
    TranscriptLine,
)
from webapp.studies.transcripts import NewLine

MAX_STREAM_NAME = 200


class StimulusSerializer(serializers.ModelSerializer[Stimulus]):
    length_s = SecondsField(required=False, help_text="Needed without a video.")
    count = serializers.IntegerField(read_only=True, default=0, help_text="Number of markers.")
    video = serializers.FileField(required=False, write_only=True, help_text="What participants see; a form's file.")
    video_upload = serializers.UUIDField(
        required=False, write_only=True, help_text="A finished upload, instead of the file."
    )
    picture = serializers.FileField(
        required=False, write_only=True, help_text="PNG, JPEG or WebP, instead of a video; a form's file."
    )

    class Meta:
        model = Stimulus
        fields = [
            *("id", "name", "position", "medium", "length_s", "original_name", "bytes", "count"),
            *("video", "video_upload", "picture"),
        ]
        read_only_fields = ["position", "medium", "original_name", "bytes"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """At most one file."""
        if len(attrs.keys() & {"video", "video_upload", "picture"}) > 1:
            raise serializers.ValidationError("A stimulus has one video or one picture.")
        return attrs


class StimulusUpdateSerializer(serializers.ModelSerializer[Stimulus]):
    length_s = SecondsField(required=False, help_text="Of one without a video.")

    class Meta:
        model = Stimulus
        fields = ["name", "position", "length_s"]


class NewMarkerSerializer(serializers.Serializer[NewMarker]):
    start_s = SecondsField()
    end_s = SecondsField(required=False, help_text="Default: the start, for a moment.")
    kind = serializers.ChoiceField(
        choices=Marker.Kind.choices,
        required=False,
        help_text="Default: `stimulus` where the project has one of this name, else `event`.",
    )
    name = serializers.CharField(max_length=TITLE_MAX_LENGTH, required=False, allow_blank=True, default="")


def new_marker(data: dict[str, Any]) -> NewMarker:
    """The marker of valid data of NewMarkerSerializer."""
    kind = Marker.Kind(data["kind"]) if "kind" in data else None
    return NewMarker(data["start_s"], data.get("end_s", data["start_s"]), kind, data["name"])


class MarkerUpdateSerializer(serializers.Serializer[Any]):
    start_s = SecondsField(required=False)
    end_s = SecondsField(required=False)
    kind = serializers.ChoiceField(choices=Marker.Kind.choices, required=False)
    name = serializers.CharField(max_length=TITLE_MAX_LENGTH, required=False, allow_blank=True)


class MarkerSerializer(serializers.ModelSerializer[Marker]):
    start_s = SecondsField(read_only=True)
    end_s = SecondsField(read_only=True)

    class Meta:
        model = Marker
        fields = ["id", "recording", "start_s", "end_s", "kind", "name", "stimulus", "source"]


class MarkerListSerializer(serializers.Serializer[Any]):
    markers = NewMarkerSerializer(many=True, max_length=MAX_MARKERS)  # type: ignore[call-arg]


class TemplateSerializer(MarkerListSerializer):
    """Markers whose times count from the start of each recording, or of its marker that is called `anchor`."""

    recordings = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_RECORDINGS)
    anchor = serializers.CharField(max_length=TITLE_MAX_LENGTH, required=False, allow_blank=True, default="")


class MarkerImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="CSV, BIDS events.tsv, EAF, TextGrid or XDF.")
    format = serializers.ChoiceField(
        choices=[(name.value, name.value) for name in MARKER_FORMATS],
        required=False,
        help_text="Default: by the file's extension; `.tsv` is `bids`.",
    )
    zero_stream = serializers.CharField(
        max_length=MAX_STREAM_NAME,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of XDF: the stream whose first sample is the recording's start.",
    )
    zero_s = serializers.FloatField(required=False, help_text="Of XDF: when the recording starts, by LSL's clock.")


class TranscriptImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="WebVTT, SubRip or TextGrid.")
    format = serializers.ChoiceField(
        choices=[(name.value, name.value) for name in TRANSCRIPT_FORMATS],
        required=False,
        help_text="Default: by the file's extension.",
    )


class TranscriptLineSerializer(serializers.ModelSerializer[TranscriptLine]):
    start_s = SecondsField()
    end_s = SecondsField()
    speaker = serializers.CharField(max_length=NAME_MAX_LENGTH, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=TEXT_MAX_LENGTH)

    class Meta:
        model = TranscriptLine
        fields = ["start_s", "end_s", "speaker", "text"]


class TranscriptSerializer(serializers.Serializer[Any]):
    lines = TranscriptLineSerializer(many=True, max_length=MAX_LINES)  # type: ignore[call-arg]

    def new_lines(self) -> list[NewLine]:
        return [NewLine(**line) for line in self.validated_data["lines"]]
