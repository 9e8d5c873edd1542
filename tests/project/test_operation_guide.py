"""The operator's guide knows every setting, and names no other."""

import re

from tests.project.test_compose import settings_read
from webapp.core import paths

GUIDE = (paths.PROJECT / "docs" / "operation.md").read_text()
OF_OTHERS = {"DJANGO_SETTINGS_MODULE", "LD_LIBRARY_PATH"}


def test_every_setting_is_in_the_table() -> None:
    table = GUIDE.partition("## Settings")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert named == settings_read() - OF_OTHERS


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", GUIDE):
        assert (paths.PROJECT / "docs" / target).exists(), target
