"""What a participant's page says of a recording."""

from typing import Any

from rest_framework import serializers

from webapp.api.serializers.fields import SecondsField
from webapp.studies.collection import ShownStimulus


class ShownStimulusSerializer(serializers.Serializer[ShownStimulus]):
    stimulus = serializers.UUIDField()
    start_s = SecondsField()
    end_s = SecondsField()

    def to_internal_value(self, data: Any) -> ShownStimulus:
        """The stimulus with its times."""
        return ShownStimulus(**super().to_internal_value(data))


class CollectedSerializer(serializers.Serializer[Any]):
    shown = ShownStimulusSerializer(many=True)
    dropped_frames = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True)
