"""ARCHITECTURE.md and its picture describe the code as it is."""

import re

import pytest

from docs.development import import_graph
from webapp.core import paths

TEXT = (paths.PROJECT / "ARCHITECTURE.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.\w+)`", TEXT))))
def test_each_path_exists(path: str) -> None:
    assert (paths.PROJECT / path).exists()


def test_the_picture_shows_the_imports() -> None:
    hint = "Run: python -m docs.development.import_graph"
    assert import_graph.PICTURE.read_text() == import_graph.render(), hint
