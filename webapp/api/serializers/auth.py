"""Tokens as JSON."""

from typing import Any

from rest_framework import serializers

from webapp.accounts.models import Scope, User
from webapp.accounts.services import TOKEN_DAYS

MAX_TOKEN_DAYS = 3650


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(write_only=True, max_length=User._meta.get_field("username").max_length)
    password = serializers.CharField(write_only=True, trim_whitespace=False)
    code = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="The second factor, if there is one.",
    )
    name = serializers.CharField(max_length=100, default="Made through the API", help_text="What the token is for.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        default=list(Scope),
        allow_empty=False,
        help_text="Default: all.",
    )
    expires_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_TOKEN_DAYS,
        allow_null=True,
        default=TOKEN_DAYS,
        write_only=True,
        help_text="Null for a token that does not expire.",
    )
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    token = serializers.CharField(read_only=True, help_text="Shown only once.")
