"""Root's closed directories let PostgreSQL's user pass, and nobody else."""

import os
import stat
from pathlib import Path

from webapp.local.embedded.posix_acl import (
    ATTRIBUTE,
    ENTRY,
    GROUP,
    MASK,
    NOBODY,
    OTHER,
    OWNER,
    PASS,
    USER,
    grant_traverse,
    make_readable,
)

STRANGER, OTHER_STRANGER = 54321, 54322


def entries(directory: Path) -> dict[tuple[int, int], int]:
    return {(tag, who): may for tag, may, who in ENTRY.iter_unpack(os.getxattr(directory, ATTRIBUTE)[4:])}


def test_one_user_may_pass_and_everybody_else_is_where_he_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    grant_traverse([tmp_path], STRANGER)
    assert entries(tmp_path) == {
        (OWNER, NOBODY): 7,
        (USER, STRANGER): PASS,
        (GROUP, NOBODY): 0,
        (MASK, NOBODY): PASS,
        (OTHER, NOBODY): 0,
    }


def test_earlier_permissions_are_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    grant_traverse([tmp_path], STRANGER)
    grant_traverse([tmp_path], OTHER_STRANGER)
    found = entries(tmp_path)
    assert found[USER, STRANGER] == found[USER, OTHER_STRANGER] == PASS
    assert found[GROUP, NOBODY] == 5
    assert found[OTHER, NOBODY] == 0


def test_open_directories_are_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    grant_traverse([tmp_path], STRANGER)
    assert ATTRIBUTE not in os.listxattr(tmp_path)


def test_files_that_a_strict_umask_closed_are_opened_for_reading_alone(tmp_path: Path) -> None:
    tool, text = tmp_path / "tool", tmp_path / "text"
    tool.touch(0o700)
    text.touch(0o600)
    tmp_path.chmod(0o700)
    make_readable(tmp_path)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, tool, text)] == [0o705, 0o705, 0o604]
