"""Projects and tags as JSON."""

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.recordings.models import (
    Project,
    Tag,
)


def erase_due_field() -> serializers.BooleanField:
    """The confirmation of a change that makes recordings expire."""
    help_text = "Must be true if the change makes recordings expire: they are erased within the hour."
    return serializers.BooleanField(required=False, write_only=True, help_text=help_text)


class ProjectSerializer(serializers.ModelSerializer[Project]):
    count = serializers.IntegerField(read_only=True, default=0, help_text="Number of recordings.")
    erase_due = erase_due_field()

    class Meta:
        model = Project
        fields = [
            *("id", "name", "description", "purpose", "retention_days", "created_at", "count", "erase_due"),
        ]
        extra_kwargs = {
            "purpose": {"help_text": "Default purpose of new recordings."},
            "retention_days": {"help_text": "Recordings are erased this many days after their creation; null: never."},
        }


class TagSerializer(serializers.ModelSerializer[Tag]):
    count = serializers.IntegerField(read_only=True, default=0, help_text="Number of recordings.")

    class Meta:
        model = Tag
        fields = ["id", "name", "count"]


@extend_schema_field(OpenApiTypes.UUID)
class OwnProjectField(serializers.PrimaryKeyRelatedField[Project]):
    """One of the user's own projects."""

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.filter(owner=self.context["request"].user)
