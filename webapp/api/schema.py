"""The OpenAPI description, complete with the calls that answer HEAD in a way of their own."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator


class SchemaEnumerator(EndpointEnumerator):
    def get_allowed_methods(self, callback: Callable[..., Any]) -> list[str]:
        methods: list[str] = super().get_allowed_methods(callback)
        # A view that has GET gets its HEAD from Django, and only when it is called.
        return [*methods, "HEAD"] if hasattr(callback.cls, "head") else methods  # type: ignore[attr-defined]


class CompleteSchemaGenerator(SchemaGenerator):
    endpoint_inspector_cls = SchemaEnumerator
