"""The file formats that the upload page accepts, by role, derived from the server's own checks."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from inference.matfile import HDF5_OFFSETS
from inference.media.formats import AUDIO_FORMATS, HEAD_BYTES, VIDEO_FORMATS, FileFormat

AUDIO_ONLY = frozenset({".m4a", ".mka"})  # suffixes of video containers without a picture
# Patterns over Latin-1 text, which Python and JavaScript match alike.
MAT_PATTERNS = (
    r".{124}(?:\x00\x01|\x01\x00)(?:IM|MI)",
    *(rf".{{{offset}}}\x89HDF\r\n\x1a\n" for offset in HDF5_OFFSETS),
)


@dataclass(frozen=True)
class AcceptedFormat:
    """Suffixes with their dot, in lower case; patterns of which one matches the first `head` bytes."""

    suffixes: tuple[str, ...]
    begins: tuple[str, ...]
    media: str = ""  # media type for the `accept` attribute
    head: int = HEAD_BYTES + 8

    @property
    def accept(self) -> str:
        """The `accept` attribute of a file input."""
        return ",".join(filter(None, (self.media, *self.suffixes)))


def _media_format(kinds: Iterable[FileFormat], media: str, without: frozenset[str] = frozenset()) -> AcceptedFormat:
    kinds = tuple(kinds)
    suffixes = dict.fromkeys(suffix for kind in kinds for suffix in kind.suffixes if suffix not in without)
    return AcceptedFormat(tuple(suffixes), tuple(kind.signature.pattern.decode("latin-1") for kind in kinds), media)


ROLES = {
    "video": _media_format(VIDEO_FORMATS, "video/*", AUDIO_ONLY),
    "audio": _media_format(AUDIO_FORMATS, "audio/*"),
    "eeg": AcceptedFormat((".mat",), MAT_PATTERNS),
}


def by_role() -> dict[str, Any]:
    """Return the formats of each role as JSON values."""
    return {name: {**asdict(role), "accept": role.accept} for name, role in ROLES.items()}
