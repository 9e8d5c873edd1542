"""The upload page takes what the server takes: its lists are made of the server's."""

import html
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from inference.matfile import is_mat_file
from inference.media.formats import AUDIO_FORMATS, VIDEO_FORMATS
from tests.webapp import clips
from webapp.pages.recordings.accepted_formats import ROLES


@pytest.fixture
def page(owner: Client) -> str:
    return str(owner.get("/recordings/new/").content.decode())


def test_every_suffix_of_the_server_stands_in_the_chooser_and_in_the_script(page: str) -> None:
    found = re.search(r'<script id="accepted"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    script = json.loads(found[1])
    for role, kinds in (("video", VIDEO_FORMATS), ("audio", AUDIO_FORMATS)):
        chooser = re.search(rf'id="id_{role}"[^>]* accept="([^"]*)"', page)
        assert chooser is not None
        accepted = set(html.unescape(chooser[1]).split(","))
        if role == "audio":
            assert {suffix for kind in kinds for suffix in kind.suffixes} <= accepted
        assert {".mts", ".m2ts", ".vob"} <= accepted
        assert set(script[role]["suffixes"]) <= accepted
        assert script[role]["begins"] == [kind.signature.pattern.decode("latin-1") for kind in kinds]
    every = {suffix for kind in AUDIO_FORMATS for suffix in kind.suffixes}
    assert every <= {suffix for role in script.values() for suffix in role["suffixes"]}


def matches(content: bytes) -> bool:
    role = ROLES["eeg"]
    head = content[: role.head].decode("latin-1")
    return any(re.match(pattern, head, re.DOTALL) for pattern in role.begins)


@pytest.mark.parametrize("offset", [0, 512, 1024, 2048, 4096])
def test_a_mat_file_of_version_7_3_may_begin_later(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(bytes(offset) + b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert matches(path.read_bytes()) == is_mat_file(path)


def test_mat_files_are_known_as_the_server_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    for content in (clips.mat(eeg=clips.eeg()), b"MATLAB but no more" * 20, b""):
        path.write_bytes(content)
        assert matches(content) == is_mat_file(path)
