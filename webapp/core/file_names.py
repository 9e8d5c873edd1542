"""File names derived from titles in any script, valid on every file system and in every zip reader."""

import re
import unicodedata
from urllib.parse import quote
from uuid import UUID

from django.utils.http import content_disposition_header

NAME_BYTES = 120  # in UTF-8, without extension: file systems allow 255 bytes, paths on Windows 260 characters
_SEPARATORS = re.compile(r'[<>:"/\\|?*%;]+')  # invalid on Windows, or delimiters of headers and URLs
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # format characters of Persian, Indic scripts and emoji
_REMOVED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, format, surrogate, private use, unassigned
_SPACE_CATEGORIES = {"Zs", "Zl", "Zp"}


def safe_name(text: str, default: str) -> str:
    """`text` as a file name without extension, at most NAME_BYTES bytes; `default` where nothing remains."""
    text = "".join(_clean_character(character) for character in unicodedata.normalize("NFC", text))
    text = _trim(_SEPARATORS.sub("-", text))
    text = _trim(text.encode()[:NAME_BYTES].decode(errors="ignore"))
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        return default
    return f"_{text}" if _RESERVED.fullmatch(text) else text


def recording_name(title: str, pk: UUID) -> str:
    """The base name of a recording's files: its title, or the start of its id."""
    return safe_name(title, f"recording-{str(pk)[:8]}")


def ascii_name(title: str, pk: UUID) -> str:
    """`recording_name` in ASCII: without accents, or by the id where letters would be lost."""
    parts = unicodedata.normalize("NFKD", recording_name(title, pk))
    plain = "".join(character for character in parts if not unicodedata.combining(character))
    return safe_name(plain if plain.isascii() else "", f"recording-{str(pk)[:8]}")


def content_disposition(name: str, fallback: str, *, attachment: bool = True) -> str:
    """A Content-Disposition header (RFC 6266): `name` as `filename*` (RFC 8187), the ASCII `fallback` as `filename`."""
    header = content_disposition_header(attachment, fallback) or "attachment"
    return header if name == fallback else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACE_CATEGORIES or character in "\t\n\r":
        return " "
    return "" if category in _REMOVED_CATEGORIES and character not in _JOINERS else character


def _trim(text: str) -> str:
    """Strip characters at both ends that Windows drops or that hide a file."""
    return " ".join(text.split()).strip(" .-~" + _JOINERS)
