"""People whose uploads come slowly: each part of a file holds a thread of the web process until it is there."""

import socket
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import requests

from webapp.accounts.services import create_token
from webapp.core.bodies import TUS_CONTENT_TYPE

LENGTH = 16 * 2**20
SPEAKS = {"Tus-Resumable": "1.0.0"}


class Sender:
    """Somebody who sends to the server at `base`. What is half sent stays so until `stack` closes."""

    def __init__(self, base: str, user: Any, stack: ExitStack) -> None:
        self.base, self._stack = base, stack
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {create_token(user=user, name='test')[1]}"

    def begin(self) -> str:
        """The path of an upload of LENGTH bytes."""
        headers = {**SPEAKS, "Upload-Length": str(LENGTH)}
        return str(self.session.post(f"{self.base}/api/v1/uploads/", headers=headers, timeout=60).headers["Location"])

    def part(self, path: str, content: bytes) -> requests.Response:
        headers = {**SPEAKS, "Upload-Offset": "0", "Content-Type": TUS_CONTENT_TYPE}
        return self.session.patch(self.base + path, data=content, headers=headers, timeout=60)

    def half_part(self) -> None:
        """Begin an upload, and send a byte of a part of it."""
        address = urlsplit(self.base)
        connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=60)
        self._stack.enter_context(closing(connection))
        head = [
            f"PATCH {self.begin()} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: {self.session.headers['Authorization']!s}",
            *(f"{name}: {value}" for name, value in SPEAKS.items()),
            f"Content-Type: {TUS_CONTENT_TYPE}",
            "Upload-Offset: 0",
            f"Content-Length: {LENGTH}",
        ]
        connection.sendall("\r\n".join([*head, "", "x"]).encode())
