"""The version stands in pyproject.toml; what cannot read it from there agrees with it."""

import tomllib
from pathlib import Path

import yaml
from django.conf import settings

from webapp.core import paths


def version(path: Path) -> str:
    return str(tomllib.loads(path.read_text())["project"]["version"])


def test_the_rest_description_tells_the_version() -> None:
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == version(paths.PROJECT / "pyproject.toml")


def test_the_client_has_the_version_of_the_server() -> None:
    client = paths.PROJECT / "clients" / "python" / "pyproject.toml"
    assert version(client) == version(paths.PROJECT / "pyproject.toml")


def test_the_citation_names_the_version() -> None:
    citation = yaml.safe_load((paths.PROJECT / "CITATION.cff").read_text())
    assert citation["version"] == version(paths.PROJECT / "pyproject.toml")
