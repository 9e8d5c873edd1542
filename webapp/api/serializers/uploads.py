"""EEG outlines of uploads as JSON."""

from rest_framework import serializers

from inference.eeg import EegOutline
from webapp.recordings.models import (
    EEG_UNITS,
)


class EegOutlineSerializer(serializers.Serializer[EegOutline]):
    shape = serializers.ListField(child=serializers.IntegerField(), help_text="Shape of the array, as MATLAB shows it.")
    trials = serializers.IntegerField(allow_null=True, help_text="Null for one continuous recording.")
    sfreq = serializers.FloatField(allow_null=True, help_text="Hz; null if the file states none.")
    seconds = serializers.FloatField(allow_null=True, help_text="Duration of one trial, or of the whole recording.")
    channels = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Channel names in order; null if the file states none.",
    )
    unit = serializers.ChoiceField(choices=EEG_UNITS, allow_null=True, help_text="Null if the file states none.")
    channel_order = serializers.ChoiceField(
        choices=["names", "assumed"],
        help_text="`assumed`: the file names no channels, and the order of the EAV data set is assumed.",
    )
