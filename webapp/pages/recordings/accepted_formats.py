"""Which files the upload page takes, by role: derived from what the server's own checks take."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from inference.matfile import HDF5_OFFSETS
from inference.media.formats import AUDIO_FORMATS, HEAD_BYTES, VIDEO_FORMATS, FileFormat

SOUND_ONLY = frozenset({".m4a", ".mka"})  # of the videos' containers, by their name without a picture
# Patterns of Latin-1 text, which Python and JavaScript read alike.
MAT = (r".{124}(?:\x00\x01|\x01\x00)(?:IM|MI)", *(rf".{{{offset}}}\x89HDF\r\n\x1a\n" for offset in HDF5_OFFSETS))


@dataclass(frozen=True)
class Accepted:
    """Suffixes with their dot, in lower case; patterns of which one matches the first `head` bytes."""

    suffixes: tuple[str, ...]
    begins: tuple[str, ...]
    media: str = ""  # the browser's word for every file of the role
    head: int = HEAD_BYTES + 8

    @property
    def accept(self) -> str:
        """The `accept` of a file input."""
        return ",".join(filter(None, (self.media, *self.suffixes)))


def _media(kinds: Iterable[FileFormat], media: str, without: frozenset[str] = frozenset()) -> Accepted:
    kinds = tuple(kinds)
    suffixes = dict.fromkeys(suffix for kind in kinds for suffix in kind.suffixes if suffix not in without)
    return Accepted(tuple(suffixes), tuple(kind.begins.pattern.decode("latin-1") for kind in kinds), media)


ROLES = {
    "video": _media(VIDEO_FORMATS, "video/*", SOUND_ONLY),
    "audio": _media(AUDIO_FORMATS, "audio/*"),
    "eeg": Accepted((".mat",), MAT),
}


def for_script() -> dict[str, Any]:
    """The roles as JSON has them."""
    return {name: {**asdict(role), "accept": role.accept} for name, role in ROLES.items()}
