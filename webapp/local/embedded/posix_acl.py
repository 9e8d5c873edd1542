"""Access control entries that let one user traverse private directories without listing them.

PostgreSQL refuses to run as root, and its user has to reach files below root's home. Nothing simpler serves: `setfacl`
need not be installed, and `chmod o+x` would admit every user.
"""

import errno
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from webapp.local.embedded.lifecycle import EmbeddedError

# The kernel's binary layout of an access control list: posix_acl_xattr.h.
ATTRIBUTE = "system.posix_acl_access"
VERSION = 2
ENTRY = struct.Struct("<HHI")
OWNER, USER, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY = 0xFFFFFFFF
PASS = 1


def grant_traverse(directories: Iterable[Path], user: int) -> None:
    """Let `user` traverse each directory. Raises EmbeddedError where that is impossible."""
    for directory in directories:
        found = directory.stat()
        if found.st_mode & stat.S_IXOTH or found.st_uid == user:
            continue
        try:
            os.setxattr(directory, ATTRIBUTE, _add_traverse(_entries(directory, found.st_mode), user))
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL's user cannot pass through {directory} ({error.strerror}): "
                f"allow it with `chmod o+x {directory}`, or put the project and EMOTRACE_DATA_DIR elsewhere"
            ) from None


def make_readable(directory: Path) -> None:
    """Make a package's files readable by all users, where a strict umask prevented it at installation."""
    if directory.stat().st_mode & stat.S_IROTH:
        return
    for path in [directory, *directory.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _entries(directory: Path, mode: int) -> dict[tuple[int, int], int]:
    try:
        packed = os.getxattr(directory, ATTRIBUTE)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        bits = stat.S_IMODE(mode)
        return {(OWNER, NOBODY): bits >> 6 & 7, (GROUP, NOBODY): bits >> 3 & 7, (OTHER, NOBODY): bits & 7}
    return {(tag, who): may for tag, may, who in ENTRY.iter_unpack(packed[4:])}


def _add_traverse(entries: dict[tuple[int, int], int], user: int) -> bytes:
    entries[USER, user] = entries.get((USER, user), 0) | PASS
    # The mask caps the group and every named user; without an entry of its own it equals the group's.
    entries[MASK, NOBODY] = entries.get((MASK, NOBODY), entries[GROUP, NOBODY]) | PASS
    packed = (ENTRY.pack(tag, may, who) for (tag, who), may in sorted(entries.items()))
    return struct.pack("<I", VERSION) + b"".join(packed)
