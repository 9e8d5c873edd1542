"""Analyses, timelines and corrections as JSON. Times are seconds from the start of the video."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from inference.export.codec import encode
from inference.timeline.dimensions import predict_dimensions
from inference.types import Correction, Reason
from webapp.analyses import selectors
from webapp.analyses.models import Analysis, Segment, WindowScore
from webapp.api.serializers.fields import NullableCharField, SecondsField
from webapp.recordings.models import (
    EEG_UNITS,
)

REASONS = [each.value for each in Reason]
BAD_CHANNEL_REASONS = ["flat", "clipped", "noisy"]
MAX_CORRECTIONS = 20_000  # of two hours, one every 0.36 s


class RerunSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=200, required=False, allow_blank=True, help_text="NAME or NAME@VERSION.")


class AudioVideoSummarySerializer(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="The label with the largest share of the time.")  # type: ignore[assignment]
    share = serializers.DictField(
        child=serializers.FloatField(), help_text="Share of the time of each label and of `undetermined`."
    )
    mean_probability = serializers.DictField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="Of each label over the determined time: empty where there is none, null where an earlier version "
        "read it.",
    )


class DimensionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="The most probable level, or `undetermined`.")  # type: ignore[assignment]
    confidence = serializers.FloatField()
    probabilities = serializers.DictField(child=serializers.FloatField(), help_text="Of each level.")


NOVELTY_HELP = (
    "How unlike the voice is those that the model was fitted on, 0 to 1. Null without a voice, and where the model has "
    "no reference."
)
NO_LEVEL = "Null where a label of the model has no level"
VALENCE_HELP = f"Negative, neutral or positive: the probabilities of the labels, added by level. {NO_LEVEL}"
AROUSAL_HELP = f"Low or high, likewise. {NO_LEVEL}"


class SummarySerializer(AudioVideoSummarySerializer):
    valence = DimensionSerializer(
        allow_null=True, help_text=f"{VALENCE_HELP}, or an earlier version read it. Of the mean probability."
    )
    arousal = DimensionSerializer(allow_null=True, help_text=f"{AROUSAL_HELP}, or an earlier version read it.")
    audio_video = AudioVideoSummarySerializer(
        allow_null=True,
        help_text="With EEG: what audio and video alone say, without it. Null where there is no EEG or an earlier "
        "version read it.",
    )


class ModelUsedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())


class BadChannelSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    reason = serializers.ChoiceField(choices=BAD_CHANNEL_REASONS)


class EegFactsSerializer(serializers.Serializer[Any]):
    unit = serializers.ChoiceField(choices=EEG_UNITS, help_text="Unit of the file's values.")
    sfreq = serializers.FloatField(help_text="Hz.")
    channel_order = serializers.ChoiceField(choices=["names", "assumed"])
    bad_channels = BadChannelSerializer(
        many=True, help_text="Channels that are used although their signal is hardly EEG."
    )


class AnalysisSerializer(serializers.ModelSerializer[Analysis]):
    stage = NullableCharField()
    mode = NullableCharField()
    error_code = NullableCharField()
    error_message = NullableCharField(
        help_text="Why it failed; of a queued one, what has to be mended on the server before it goes on by itself."
    )
    notice = NullableCharField(help_text="Limits of the model's statements.")
    input_sha256 = NullableCharField(help_text="SHA-256 of the analysed video.")
    eeg = EegFactsSerializer(
        source="eeg_facts", read_only=True, allow_null=True, help_text="How the EEG was interpreted; null without EEG."
    )
    models_used = ModelUsedSerializer(many=True, read_only=True)
    labels = serializers.ListField(child=serializers.CharField(), read_only=True)
    summary = SummarySerializer(read_only=True, allow_null=True)
    has_video = serializers.SerializerMethodField(help_text="Whether the labelled video exists.")

    class Meta:
        model = Analysis
        fields = [
            *("id", "recording", "status", "stage", "progress", "attempt", "error_code", "error_message"),
            *(
                "model_name",
                "model_version",
                "model_sha256",
                "mode",
                "input_sha256",
                "models_used",
                "labels",
                "summary",
            ),
            *("has_video", "notice", "eeg", "created_at", "started_at", "timeline_at", "finished_at"),
        ]

    def get_has_video(self, analysis: Analysis) -> bool:
        return selectors.labelled_video(analysis) is not None


class EvidenceSerializer(serializers.Serializer[Segment]):
    face = serializers.FloatField()
    voice = serializers.FloatField()
    eeg = serializers.FloatField()


SEGMENT_FIELDS = (
    *("start_s", "end_s", "duration_s", "label", "confidence", "probabilities", "evidence", "unimodal"),
    *("valence", "arousal", "reason", "voice_novelty"),
)


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    start_s = SecondsField()
    end_s = SecondsField()
    duration_s = SecondsField()
    probabilities = serializers.SerializerMethodField()
    evidence = EvidenceSerializer(source="*")
    unimodal = serializers.SerializerMethodField(
        help_text="Probabilities given one modality alone (`face`, `voice`, `eeg`) and, in what EEG entered, given "
        "`audio-video` without it; of those that are there. Null where an earlier version read it."
    )
    valence = serializers.SerializerMethodField(help_text=f"{VALENCE_HELP}.")
    arousal = serializers.SerializerMethodField(help_text=f"{AROUSAL_HELP}.")
    reason = serializers.SerializerMethodField(
        help_text="Why the segment is `undetermined`. Null where it is not, or an earlier version read it."
    )
    voice_novelty = serializers.FloatField(read_only=True, allow_null=True, help_text=NOVELTY_HELP)
    relative = serializers.SerializerMethodField(
        help_text="Probabilities relative to the neutral baseline. Null where none is marked, the segment is "
        "`undetermined`, or nothing of its kind is determined in the neutral span."
    )

    class Meta:
        model = Segment
        fields = [*SEGMENT_FIELDS, "relative"]

    @extend_schema_field(serializers.ChoiceField(choices=REASONS, allow_null=True))
    def get_reason(self, segment: Segment) -> str | None:
        return segment.reason or None

    @extend_schema_field(DimensionSerializer(allow_null=True))
    def get_valence(self, segment: Segment) -> dict[str, Any] | None:
        return self._dimension(segment, "valence")

    @extend_schema_field(DimensionSerializer(allow_null=True))
    def get_arousal(self, segment: Segment) -> dict[str, Any] | None:
        return self._dimension(segment, "arousal")

    def _dimension(self, segment: Segment, name: str) -> dict[str, Any] | None:
        prediction = predict_dimensions(self.get_probabilities(segment)).get(name)
        return encode(prediction) if prediction else None

    def get_relative(self, segment: Segment) -> dict[str, float] | None:
        baseline = self.context.get("baseline")
        return baseline and selectors.relative_to_baseline(segment, baseline)

    def get_probabilities(self, segment: Segment) -> dict[str, float]:
        return dict(zip(segment.analysis.labels, segment.probabilities, strict=True))

    def get_unimodal(self, segment: Segment) -> dict[str, dict[str, float]] | None:
        return selectors.by_label(segment.analysis.labels, segment.unimodal)


@extend_schema_serializer(component_name="FoundSegment")
class SegmentSearchSerializer(SegmentSerializer):
    recording = serializers.UUIDField(source="analysis.recording_id")
    model_name = serializers.CharField(source="analysis.model_name")
    model_version = serializers.CharField(source="analysis.model_version")
    relative = None  # type: ignore[assignment]

    class Meta(SegmentSerializer.Meta):
        fields = ["analysis", "recording", "model_name", "model_version", *SEGMENT_FIELDS]


class WindowSerializer(serializers.ModelSerializer[WindowScore]):
    start_s = SecondsField()
    end_s = SecondsField()
    logits = serializers.ListField(child=serializers.FloatField())
    probabilities = serializers.ListField(child=serializers.FloatField())
    unimodal = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField()),
        allow_null=True,
        help_text="Probabilities given the `face` or the `voice` alone, of those that are there. Null where an "
        "earlier version read it, and in windows of EEG.",
    )
    voice_novelty = serializers.FloatField(read_only=True, allow_null=True, help_text=NOVELTY_HELP)

    class Meta:
        model = WindowScore
        fields = [
            *("start_s", "end_s", "source", "logits", "probabilities", "face", "voice", "unimodal", "voice_novelty"),
        ]


class FacesSerializer(serializers.Serializer[Any]):
    step_s = SecondsField(help_text="Interval of face detection; moments without a face are left out.")
    width = serializers.IntegerField(help_text="Pixels of the displayed picture.")
    height = serializers.IntegerField()
    boxes = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=5, max_length=5),
        help_text="Of [time_s, left, top, width, height], in pixels of the picture as shown.",
    )


class CorrectionSerializer(serializers.Serializer[Correction]):
    start_s = SecondsField()
    end_s = SecondsField()
    label = serializers.CharField(max_length=40, help_text="One of the analysis' labels, or `undetermined`.")  # type: ignore[assignment]
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class RevisionSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 2,
        help_text="Number of changes so far. Send the revision that yours is based on.",
    )


class CorrectionsSerializer(RevisionSerializer):
    by = NullableCharField(help_text="User name of the author.")
    at = NullableCharField(help_text="When it was saved.")
    segments = CorrectionSerializer(
        many=True,
        max_length=MAX_CORRECTIONS,  # type: ignore[call-arg]
        help_text="Segments that cover the recording without gap or overlap; empty without corrections.",
    )

    def corrections(self) -> list[Correction]:
        return [Correction(**one) for one in self.validated_data["segments"]]


class BaselineSpanSerializer(serializers.Serializer[Any]):
    start_s = SecondsField()
    end_s = SecondsField()


class BaselineSerializer(serializers.Serializer[Any]):
    start_s = SecondsField(allow_null=True)
    end_s = SecondsField(allow_null=True)
    by = serializers.CharField(allow_null=True, help_text="User name of who marked it.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it was marked.")


class CarryOverSerializer(RevisionSerializer):
    source = serializers.UUIDField(help_text="The corrected analysis, of the same recording.")  # type: ignore[assignment]
