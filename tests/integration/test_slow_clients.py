"""Who sends slowly to `manage.py serve`, or much, keeps nobody else out."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import requests

from tests.integration.processes import eventually
from tests.integration.test_serve import free_port, serve, wait_for

pytestmark = pytest.mark.extended

MANY = 40
HEAD = "POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken={seen}\r\n"  # without it, no body is read
BODY = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nu"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with serve(tmp_path_factory.mktemp("slow") / "var", port) as process:
        wait_for(process, port)
        yield port
        process.terminate()
        process.communicate(timeout=60)


def test_who_sends_slowly_or_much_keeps_nobody_out(port: int) -> None:
    page = f"http://127.0.0.1:{port}/login/"
    head = HEAD.format(seen=requests.get(page, timeout=60).cookies["csrftoken"])
    with ExitStack() as stack:

        def connect(text: str) -> socket.socket:
            connection = stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=60)))
            connection.sendall(text.encode())
            return connection

        heads = [connect(head) for _ in range(MANY)]
        bodies = [connect(head + BODY) for _ in range(MANY)]
        assert requests.post(page, data=bytes(10 * 2**20), timeout=60).status_code == 413
        large = connect(head + f"Content-Length: {10**12}\r\n\r\n")
        assert b" 413 " in large.recv(1000)

        def ended() -> bool:
            """Whether all that are half a head have been hung up on; to the others, another byte goes."""
            assert requests.get(page, timeout=30).ok
            for each in bodies:
                each.sendall(b"u")
            return set(select.select(heads, [], [], 0)[0]) == set(heads)

        assert eventually(ended, 60)
        assert all(b" 408 " in each.recv(100) for each in heads)
