"""Every address that the URL configuration knows, and the methods that each answers."""

from collections.abc import Iterator
from typing import Any

from django.test import RequestFactory
from django.urls import URLResolver, get_resolver

# HEAD is named where there is no GET beside it. OPTIONS says nothing of any object.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def calls() -> set[tuple[str, str]]:
    """Each method and route, as `resolve` names it."""
    return {(method, route) for route, view in _routes(get_resolver().url_patterns) for method in _methods(view)}


def _routes(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in patterns:
        part = str(each.pattern)
        route = prefix + part.removeprefix("^") if prefix else part
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        else:
            yield route, each.callback


def _methods(view: Any) -> set[str]:
    """What a class has methods for; a function tells it to whoever asks in a way that it does not know."""
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is not None:
        found = {name for name in METHODS if name.lower() in kind.http_method_names and hasattr(kind, name.lower())}
    else:
        found = {name for name in view(RequestFactory().trace("/"))["Allow"].split(", ") if name in METHODS}
    return found - {"HEAD"} if "GET" in found else found
