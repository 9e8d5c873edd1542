"""Models of the store as JSON."""

from rest_framework import serializers

from inference.store import StoredModel


class ModelSerializer(serializers.Serializer[StoredModel]):
    name = serializers.CharField()
    version = serializers.CharField()
    kind = serializers.ChoiceField(choices=["audio-video", "eeg", "fusion"])
    labels = serializers.ListField(child=serializers.CharField())
    demonstration = serializers.CharField(
        allow_null=True, help_text="Why the model is for demonstration only; null if it is not."
    )
    notice = serializers.CharField()
    sha256 = serializers.CharField(source="used.sha256")
    metrics = serializers.DictField()
