"""What downloads are called: the title in any script, harmless on every system, told apart by old programs too."""

import io
import re
import unicodedata
import zipfile
from urllib.parse import unquote
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from tests.webapp.factories import finished
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.core.file_names import NAME_BYTES, ascii_name, recording_name

PK = UUID("1a2b3c4d-0000-0000-0000-000000000000")
UNNAMED = "recording-1a2b3c4d"
NAMES = {
    "مقابلة": "مقابلة",
    "面接": "面接",
    "Anna, first visit": "Anna, first visit",
    "Mu\u0308ller": "Müller",
    "नमस्ते": "नमस्ते",
    "می\u200cخواهم": "می\u200cخواهم",
    "👩\u200d💻 at work": "👩\u200d💻 at work",
    'a "b"/c\\d': "a -b-c-d",
    "\u202egpj.exe\u2067": "gpj.exe",
    "a\r\nb\x00c\x1b": "a bc",
    "../../etc/passwd": "etc-passwd",
    "con": "_con",
    "LPT1.txt": "_LPT1.txt",
    "console": "console",
    "ends. . ": "ends",
    "...": UNNAMED,
    "": UNNAMED,
    "\u200d": UNNAMED,
}


@pytest.mark.parametrize("title", NAMES, ids=ascii)
def test_a_title_stays_but_for_what_could_do_harm(title: str) -> None:
    assert recording_name(title, PK) == NAMES[title]


@pytest.mark.parametrize("title", ["x" * 200, "面" * 200, "👩\u200d💻" * 60, "नि" * 100])
def test_a_long_title_is_cut_between_characters(title: str) -> None:
    name = recording_name(title, PK)
    assert 0.9 * NAME_BYTES < len(name.encode()) <= NAME_BYTES
    assert title.startswith(name)


@pytest.mark.parametrize(
    ("title", "plain"), [("Müller", "Muller"), ("面接 1", UNNAMED), ("plain", "plain"), ("Ångström №1", "Angstrom No1")]
)
def test_programs_that_read_ascii_only_tell_recordings_apart(title: str, plain: str) -> None:
    assert ascii_name(title, PK) == plain


def saved_as(disposition: str) -> str:
    """The name that a browser saves under (RFC 6266)."""
    extended = re.search(r"filename\*=UTF-8''(\S+)$", disposition)
    plain = re.search(r'filename="([^"]+)"', disposition)
    assert plain is not None and plain[1].isascii()
    return unquote(extended[1]) if extended else plain[1]


@pytest.fixture(params=["مقابلة", "面接", "Jo\u0308rg"], ids=ascii)
def titled(request: pytest.FixtureRequest, owner: User) -> Analysis:
    return finished("happy", "sad", recording__owner=owner, recording__title=request.param)


@pytest.mark.parametrize(("path", "suffix"), [("export/csv/", ".csv"), ("export/html/", ".html"), ("video/", ".mp4")])
def test_each_download_has_the_title(api: APIClient, titled: Analysis, path: str, suffix: str) -> None:
    answer = api.get(f"/api/v1/analyses/{titled.pk}/{path}")
    title = unicodedata.normalize("NFC", titled.recording.title)
    assert saved_as(answer["Content-Disposition"]) == title + suffix


def test_the_folders_of_a_zip_have_it_too(api: APIClient, titled: Analysis) -> None:
    answer = api.get("/api/v1/exports/", {"formats": "csv"})
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as file:
        title = unicodedata.normalize("NFC", titled.recording.title)
        assert file.namelist()[0] == f"001-{title}/timeline.csv"
