"""Recordings of the web application's tests, and somebody who listens for connections that must not come."""

import socket
from collections.abc import Iterator

import pytest

from tests.webapp.conftest import api, client_of, media_root, models, owner

__all__ = ["Listener", "api", "client_of", "listener", "media_root", "models", "owner"]


class Listener:
    """Listens on a port for TCP and UDP."""

    def __init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = self._tcp.getsockname()[1]
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp.setblocking(False)
        self._udp.setblocking(False)

    @property
    def address(self) -> bytes:
        return b"http://127.0.0.1:%d/" % self.port

    def heard(self) -> bool:
        """Whether anybody came."""
        for receive in (self._tcp.accept, lambda: self._udp.recv(1)):
            try:
                receive()
            except BlockingIOError:
                continue
            return True
        return False

    def close(self) -> None:
        self._tcp.close()
        self._udp.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()
