"""Lists come in pages; a cursor stays right while rows are added."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.views import APIView


class StableCursorPagination(pagination.CursorPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """What was asked for, then the id: rows that are alike in the first still have one order."""
        ordering = super().get_ordering(request, queryset, view)
        sign = "-" if ordering[0].startswith("-") else ""
        return (ordering[0], f"{sign}id")

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError):  # a cursor that was written by hand
            raise exceptions.NotFound(self.invalid_cursor_message) from None


class NewestFirstPagination(StableCursorPagination):
    """The latest first, and in no other order."""

    ordering = "-created_at"


class ChronologicalPagination(StableCursorPagination):
    """For what belongs to one recording."""

    ordering = "start_s"
