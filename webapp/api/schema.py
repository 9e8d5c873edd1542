"""OpenAPI schema generation that includes explicit HEAD handlers."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator


class SchemaEnumerator(EndpointEnumerator):
    """Enumerates HEAD where a view class defines it."""

    def get_allowed_methods(self, callback: Callable[..., Any]) -> list[str]:
        """The methods to describe."""
        methods: list[str] = super().get_allowed_methods(callback)  # type: ignore[no-untyped-call]
        # Django derives HEAD from GET per request, so that a class attribute means an explicit handler.
        return [*methods, "HEAD"] if hasattr(callback.cls, "head") else methods  # type: ignore[attr-defined]


class CompleteSchemaGenerator(SchemaGenerator):
    """The schema generator of the settings."""

    endpoint_inspector_cls = SchemaEnumerator
