"""Serializer fields."""

from typing import Any

from rest_framework import serializers

DECIMALS = 3


class SecondsField(serializers.FloatField):
    """Seconds, rounded to milliseconds."""

    def to_representation(self, value: float) -> float:  # type: ignore[override]
        return round(float(value), DECIMALS)


class NullableCharField(serializers.CharField):
    """Read-only text; null instead of empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_null=True, read_only=True)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None
