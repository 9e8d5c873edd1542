"""Documents name files of the code that exist."""

import re
from pathlib import Path

import pytest

from webapp.core import paths

DOCUMENTS = [
    *sorted((paths.PROJECT / "docs").glob("*.md")),
    paths.PROJECT / "CONTRIBUTING.md",
    paths.PROJECT / "README.md",
]
FOLDERS = ("benchmarks", "clients", "docs", "inference", "tests", "training", "webapp")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_each_python_file_exists(document: Path) -> None:
    known = [str(path) for folder in FOLDERS for path in (paths.PROJECT / folder).rglob("*.py")]
    named = re.findall(r"`([\w./-]+\.py)`", document.read_text())
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in known)] == []
