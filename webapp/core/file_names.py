"""File names made of what people write: any script stays, and every file system and zip reader can store the name."""

import re
import unicodedata
from urllib.parse import quote
from uuid import UUID

from django.utils.http import content_disposition_header

NAME_BYTES = 120  # in UTF-8, without suffix: file systems take 255, and paths on Windows 260 characters
_SEPARATORS = re.compile(r'[<>:"/\\|?*%;]+')  # forbidden on Windows, or cut a header or an address short
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # format characters that Persian, Indic scripts and emoji are spelled with
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, direction of writing, surrogates, private, unassigned
_SPACE_CATEGORIES = {"Zs", "Zl", "Zp"}


def safe_name(text: str, default: str) -> str:
    """`text` as a file's or folder's name without suffix, at most NAME_BYTES bytes; `default` where nothing is left."""
    text = "".join(_harmless(character) for character in unicodedata.normalize("NFC", text))
    text = _trimmed(_SEPARATORS.sub("-", text))
    text = _trimmed(text.encode()[:NAME_BYTES].decode(errors="ignore"))
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        return default
    return f"_{text}" if _RESERVED.fullmatch(text) else text


def recording_name(title: str, pk: UUID) -> str:
    """What the files of a recording are called; the start of its id tells apart what has no name."""
    return safe_name(title, f"recording-{str(pk)[:8]}")


def ascii_name(title: str, pk: UUID) -> str:
    """The same for programs that read ASCII only: without accents, or by the id where letters would be lost."""
    parts = unicodedata.normalize("NFKD", recording_name(title, pk))
    plain = "".join(character for character in parts if not unicodedata.combining(character))
    return safe_name(plain if plain.isascii() else "", f"recording-{str(pk)[:8]}")


def content_disposition(name: str, fallback: str, *, attachment: bool = True) -> str:
    """A header by RFC 6266: `name` in any script as `filename*` (RFC 8187), the ASCII `fallback` as `filename`."""
    header = content_disposition_header(attachment, fallback) or "attachment"
    return header if name == fallback else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACE_CATEGORIES or character in "\t\n\r":
        return " "
    return "" if category in _HIDDEN and character not in _JOINERS else character


def _trimmed(text: str) -> str:
    """Without what Windows drops, or what hides a file, at either end."""
    return " ".join(text.split()).strip(" .-~" + _JOINERS)
