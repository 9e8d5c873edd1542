"""Fields that several serializers have."""

from typing import Any

from rest_framework import serializers

DECIMALS = 3


class SecondsField(serializers.FloatField):
    def to_representation(self, value: float) -> float:  # type: ignore[override]
        return round(float(value), DECIMALS)


class NullableCharField(serializers.CharField):
    """Text that is null, not empty, where there is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_null=True, read_only=True)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None
