"""The compose files as `docker compose` reads them, for tests."""

from typing import Any

import yaml

from webapp.core import paths


class _Loader(yaml.SafeLoader):
    """Knows compose's tag for what replaces a list instead of adding to it."""


def _list(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node)


_Loader.add_constructor("!override", _list)


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = _Loader((paths.PROJECT / name).read_text()).get_single_data()
    return found
