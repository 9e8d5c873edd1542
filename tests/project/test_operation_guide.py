"""The operator's guide knows every setting, and names no other."""

import inspect
import re
import runpy
from typing import Any

import pytest

from tests.project.test_compose import settings_read
from webapp.core import paths
from webapp.core.environment import Environment

GUIDE = (paths.PROJECT / "docs" / "operation.md").read_text()
OF_OTHERS = {"DJANGO_SETTINGS_MODULE", "LD_LIBRARY_PATH"}


def documented() -> dict[str, str]:
    """The default of each setting, as the table has it; one row may have several settings."""
    found: dict[str, str] = {}
    table = GUIDE.partition("## Settings")[2].partition("\n## ")[0]
    for names, default in re.findall(r"^\| (`.*?) \|.*\| (.*?) ?\|$", table, re.M):
        several = re.findall(r"`(\w+)`", names)
        values = default.split(", ") if default.count(", ") == len(several) - 1 else [default] * len(several)
        found |= dict(zip(several, values, strict=True))
    return found


def test_every_setting_is_in_the_table() -> None:
    assert documented().keys() == settings_read() - OF_OTHERS


def test_the_table_has_the_true_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults: dict[str, Any] = {}

    def recorded(method: Any) -> Any:
        def record(self: Environment, name: str, *args: Any, **kwargs: Any) -> Any:
            defaults[name] = inspect.signature(method).bind(self, name, *args, **kwargs).arguments.get("default")
            return method(self, name, *args, **kwargs)

        return record

    for name, method in inspect.getmembers(Environment, inspect.isfunction):
        if not name.startswith("_"):
            monkeypatch.setattr(Environment, name, recorded(method))
    runpy.run_path(str(paths.PROJECT / "webapp/config/settings.py"))
    for name, default in defaults.items():
        described = name in {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "EMOTRACE_TMP_DIR"}
        if described or default in (None, "", ()):
            continue
        value = ",".join(default) if isinstance(default, list) else str(default)
        assert f"`{value.lower() if isinstance(default, bool) else value}`" in documented()[name], name


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", GUIDE):
        assert (paths.PROJECT / "docs" / target).exists(), target
