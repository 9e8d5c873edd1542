"""The parameters of exports."""

from typing import Any

from rest_framework import serializers


class ExportsSerializer(serializers.Serializer[Any]):
    formats = serializers.CharField(required=False, help_text="Comma-separated; default: all.")
    video = serializers.BooleanField(default=False, help_text="Include the labelled videos.")
