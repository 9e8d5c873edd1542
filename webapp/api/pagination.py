"""Cursor pagination, which stays correct while rows are added."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.views import APIView


class StableCursorPagination(pagination.CursorPagination):
    """Cursor pagination with the id as second ordering."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    offset_cutoff = 2**31 - 1  # an offset counts rows of one position, of which there may be more than a page has

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The requested ordering, then the id, so that the order is total."""
        ordering = super().get_ordering(request, queryset, view)
        sign = "-" if ordering[0].startswith("-") else ""
        return (ordering[0], f"{sign}id")

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Raises NotFound for an invalid cursor."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError):  # a forged cursor
            raise exceptions.NotFound(self.invalid_cursor_message) from None


class NewestFirstPagination(StableCursorPagination):
    """Always newest first."""

    ordering = "-created_at"


class ChronologicalPagination(StableCursorPagination):
    """Ordered by time within a recording."""

    ordering = "start_s"
