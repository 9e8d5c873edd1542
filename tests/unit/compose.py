"""The compose files as `docker compose` reads them, for tests."""

from typing import Any

import yaml

from webapp.core import locations


class _Loader(yaml.SafeLoader):
    """Knows compose's tag for what replaces a list instead of adding to it."""


_Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((locations.PROJECT / name).read_text(), _Loader)  # noqa: S506
    return found
