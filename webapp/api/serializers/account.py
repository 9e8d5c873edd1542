"""Accounts and their usage as JSON."""

import math
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.accounts.models import User
from webapp.accounts.selectors import has_second_factor
from webapp.analyses.quota import Usage, usage_of


class LimitSerializer(serializers.Serializer[Any]):
    used = serializers.IntegerField()
    allowed = serializers.IntegerField(allow_null=True, help_text="Null: unlimited.")


class QuotaSerializer(serializers.Serializer[Any]):
    bytes = LimitSerializer(help_text="Stored recordings and pending uploads.")
    seconds = LimitSerializer(help_text="Duration of stored recordings.")
    analyses = LimitSerializer(help_text="Queued and running analyses.")

    def to_representation(self, usage: Usage) -> dict[str, dict[str, int | None]]:
        minutes = usage.allowed.minutes
        return {
            "bytes": {"used": usage.bytes, "allowed": usage.allowed.bytes},
            "seconds": {"used": math.ceil(usage.seconds), "allowed": None if minutes is None else 60 * minutes},
            "analyses": {"used": usage.analyses, "allowed": usage.allowed.analyses},
        }


class DeletionSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(write_only=True, max_length=User._meta.get_field("username").max_length)
    password = serializers.CharField(write_only=True, trim_whitespace=False)
    recordings = serializers.IntegerField(read_only=True, help_text="Recordings at the time of the request.")
    recordings_left = serializers.IntegerField(read_only=True, help_text="Recordings still to be erased.")
    page = serializers.CharField(read_only=True, help_text="URL that shows the progress without a login, for a week.")


class AccountSerializer(serializers.ModelSerializer[User]):
    second_factor = serializers.SerializerMethodField()
    quota = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "date_joined", "second_factor", "quota"]

    def get_second_factor(self, user: User) -> bool:
        return has_second_factor(user)

    @extend_schema_field(QuotaSerializer)
    def get_quota(self, user: User) -> Any:
        return QuotaSerializer(usage_of(user)).data
