"""Shared by all views."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.accounts.models import User
from webapp.api.problems import ProblemSerializer
from webapp.core.errors import PROBLEM_TYPE


class ProblemAutoSchema(AutoSchema):
    """Adds the problem response to every operation of the OpenAPI schema."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, "response")
        content = {PROBLEM_TYPE: {"schema": problem.ref}}
        return {**bodies, "default": {"description": "Problem details.", "content": content}}


class IgnoreAcceptNegotiation(BaseContentNegotiation):
    """Content negotiation of files, which have one media type each."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def current_user(request: Request) -> User:
    """The authenticated user; permissions guarantee that there is one."""
    assert isinstance(request.user, User)
    return request.user


@extend_schema(exclude=True)
class NotFoundView(APIView):
    """404 for unknown URLs below the API's root, as problem response."""

    permission_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404
