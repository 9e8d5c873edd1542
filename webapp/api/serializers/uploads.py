"""EEG outlines of uploads as JSON."""

from rest_framework import serializers

from inference.eeg import EegOutline
from webapp.recordings.models import (
    EEG_UNITS,
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
