"""A client of the tus protocol for tests, each of its requests one call."""

import base64
from typing import Any

from rest_framework.test import APIClient

URL = "/api/v1/uploads/"
PART = "application/offset+octet-stream"
SPEAKS = {"Tus-Resumable": "1.0.0"}


def named(name: str) -> str:
    """Upload-Metadata with a file's name."""
    return f"filename {base64.b64encode(name.encode()).decode()}"


def begin(api: APIClient, length: object, name: str = "interview.mp4", **headers: str) -> Any:
    return api.post(URL, headers={**SPEAKS, "Upload-Length": str(length), "Upload-Metadata": named(name)} | headers)


def ask(api: APIClient, address: str) -> Any:
    return api.head(address, headers=SPEAKS)


def send(api: APIClient, address: str, offset: object, part: bytes, content_type: str = PART, **headers: str) -> Any:
    return api.generic(
        "PATCH",
        address,
        part,  # type: ignore[arg-type]  # the stubs know of no bytes
        content_type=content_type,
        headers={**SPEAKS, "Upload-Offset": str(offset), "Content-Length": str(len(part))} | headers,
    )


def whole(api: APIClient, content: bytes, name: str = "interview.mp4") -> str:
    """The id of a finished upload."""
    address: str = begin(api, len(content), name)["Location"]
    assert send(api, address, 0, content).status_code == 204
    return address.rstrip("/").rpartition("/")[2]
