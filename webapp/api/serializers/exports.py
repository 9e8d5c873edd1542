"""The parameters of exports."""

from typing import Any

from rest_framework import serializers


class ExportsSerializer(serializers.Serializer[Any]):
    formats = serializers.CharField(required=False, help_text="With commas between them; all of them without this.")
    video = serializers.BooleanField(default=False, help_text="Whether the labelled videos come too.")
