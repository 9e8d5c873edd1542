"""Headers of the tus protocol, version 1.0.0 (tus.io/protocols/resumable-upload).

Each function parses one header and raises RequestError if it is invalid.
"""

import base64
import hashlib
import re

from rest_framework.request import Request

from webapp.core.bodies import TUS_CONTENT_TYPE, is_tus_part
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.uploads import ALGORITHMS, Checksum

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
METADATA_MAX_LENGTH = 4000
NAME_MAX_LENGTH = 255
KEY = re.compile(r"[!-+\--~]+")  # printable ASCII without space and comma
# Separators, control characters and characters that change the direction of writing.
MISLEADING = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|^\.{1,2}$")
NUMBER = re.compile(r"[0-9]{1,18}")


def require_version(request: Request) -> None:
    """Check Tus-Resumable."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise RequestError(
            WebCode.TUS_VERSION, f"This address speaks tus {VERSION}. Send the header Tus-Resumable: {VERSION}."
        )


def length(request: Request) -> int:
    """Upload-Length: bytes of the whole file."""
    if "Upload-Defer-Length" in request.headers:
        raise RequestError(
            WebCode.UPLOAD_LENGTH_DEFERRED,
            "A length that is told later is not supported. Send Upload-Length with the size of the file in bytes.",
        )
    return _number(request, "Upload-Length", WebCode.UPLOAD_LENGTH, "the size of the file in bytes")


def offset(request: Request) -> int:
    """Upload-Offset: bytes of the file before this part."""
    return _number(request, "Upload-Offset", WebCode.UPLOAD_OFFSET_MISSING, "the bytes that were sent before")


def size(request: Request) -> int:
    """Content-Length: bytes of this part."""
    return _number(request, "Content-Length", WebCode.CONTENT_LENGTH, "the bytes of this part")


def require_content_type(request: Request) -> None:
    """Check Content-Type."""
    if not is_tus_part(request.content_type):
        raise RequestError(WebCode.UPLOAD_TYPE, f"A part of a file is sent with Content-Type: {TUS_CONTENT_TYPE}.")


def metadata(request: Request) -> tuple[str, str]:
    """Upload-Metadata: the header as sent, and the file name in it; both may be empty."""
    sent = request.headers.get("Upload-Metadata", "")
    if len(sent) > METADATA_MAX_LENGTH:
        raise _invalid_metadata(f"It has {len(sent)} characters; {METADATA_MAX_LENGTH} are allowed.")
    values: dict[str, bytes] = {}
    for pair in sent.split(",") if sent.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not KEY.fullmatch(key):
            raise _invalid_metadata("A key is missing, or holds what is not printable ASCII.")
        if key in values:
            raise _invalid_metadata(f"The key {key} comes twice.")
        try:
            values[key] = base64.b64decode(value, validate=True)
        except ValueError as error:
            raise _invalid_metadata(f"The value of {key} is not Base64.") from error
    try:
        name = values.get("filename", b"").decode()
    except UnicodeDecodeError as error:
        raise _invalid_metadata("The value of filename is not UTF-8.") from error
    if len(name) > NAME_MAX_LENGTH or MISLEADING.search(name):
        raise RequestError(
            WebCode.FILE_NAME,
            f"The value of filename is no name of a file. Send at most {NAME_MAX_LENGTH} characters, without a folder, "
            "a control character or one that turns the direction of writing.",
        )
    return sent, name


def checksum(request: Request) -> Checksum | None:
    """Upload-Checksum, if it is there."""
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        return None
    algorithm, _, value = sent.partition(" ")
    if algorithm not in ALGORITHMS:
        raise RequestError(
            WebCode.UPLOAD_CHECKSUM,
            f"There is no checksum {algorithm[:20]!r} here. Send Upload-Checksum with one of: {', '.join(ALGORITHMS)}.",
        )
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise RequestError(
            WebCode.UPLOAD_CHECKSUM, f"Upload-Checksum holds no {algorithm} digest. Send its bytes as Base64."
        )
    return Checksum(algorithm, digest)


def _number(request: Request, header: str, code: WebCode, what: str) -> int:
    value = request.headers.get(header, "")
    if not NUMBER.fullmatch(value):
        raise RequestError(code, f"The header {header} is missing or no number. Send {what} there.")
    return int(value)


def _invalid_metadata(what: str) -> RequestError:
    return RequestError(
        WebCode.UPLOAD_METADATA, f"Upload-Metadata cannot be read. {what} Send pairs such as: filename dmlzaXQubXA0."
    )
