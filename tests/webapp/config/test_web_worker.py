"""gunicorn's worker as the application runs it: two threads, and clients that take their time for everything."""

import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from tests.integration.processes import eventually
from webapp.config import worker as module
from webapp.config.worker import Worker
from webapp.core.bodies import TUS_CONTENT_TYPE

THREADS = 2
SOON = 0.3
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER_BYTES = 50 * 2**20


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with how much of the body it read."""
    if environ["PATH_INFO"] == "/large":
        start("200 OK", [("Content-Length", str(ANSWER_BYTES))])
        return iter([bytes(ANSWER_BYTES)])
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0) if environ["PATH_INFO"] != "/unread" else 0
        read = str(len(environ["wsgi.input"].read(length)))
    except OSError:
        read = "broken"
    text = f"read {read}".encode()
    start("200 OK", [("Content-Length", str(len(text)))])
    return [text]


class Running:
    """A worker in a thread of the test."""

    def __init__(self) -> None:
        config = Config()
        config.set("threads", THREADS)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self.worker = Worker(0, os.getppid(), [listener], None, 30, config, Logger(config))
        self.worker.wsgi = application
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self.worker.run)
        self._thread.start()

    def stop(self) -> None:
        for connection in self._connections:
            connection.close()
        self.worker.handle_exit(None, None)
        self._thread.join()

    def connect(self, text: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self._connections.append(connection)
        connection.sendall(text)
        return connection

    def ask(self, text: bytes = GET) -> bytes:
        return answers(self.connect(text))


def answers(connection: socket.socket, number: int = 1) -> bytes:
    """What comes until it holds so many answers, or the server ends the connection."""
    text = b""
    while text.count(b"read ") < number and (data := connection.recv(65536)):
        text += data
    return text


def post(length: int, body: bytes, path: str = "/", kind: str = "text/plain") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def running(settings: Any) -> Iterator[Running]:
    settings.BODY_BYTES = 1000
    running = Running()
    yield running
    running.stop()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHo", post(1000, b"x" * 999)], ids=["none", "head", "body"])
def test_who_sends_slowly_holds_no_thread(running: Running, begun: bytes) -> None:
    for _ in range(10 * THREADS):
        running.connect(begun)
    assert b"read 0" in running.ask()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "begun"), [("HEAD_SECONDS", b"GET / HTTP/1.1\r\nHo"), ("BODY_SECONDS", post(1000, b"x"))]
)
def test_a_request_has_to_come_in_time_however_steadily(
    running: Running, monkeypatch: pytest.MonkeyPatch, limit: str, begun: bytes
) -> None:
    monkeypatch.setattr(module, limit, SOON)
    connection = running.connect(begun)
    connection.settimeout(0.01)
    found = b""

    def ended() -> bool:
        nonlocal found
        try:
            found = found or connection.recv(100)
        except TimeoutError:
            connection.sendall(b"x")
        return bool(found)

    assert eventually(ended, 30)
    assert found.startswith(b"HTTP/1.1 408 ")


def test_the_oldest_ends_where_too_many_are_awaited(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 5)
    oldest, *_ = [running.connect(b"GET / HT") for _ in range(6)]
    assert oldest.recv(100) == b""
    assert b"read 0" in running.ask()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "read"), [(TUS_CONTENT_TYPE, b"read 1500"), ("multipart/form-data", b"read broken")], ids=["part", "form"]
)
def test_a_streamed_body_has_to_come_at_a_rate(
    running: Running, monkeypatch: pytest.MonkeyPatch, kind: str, read: bytes
) -> None:
    monkeypatch.setattr(module, "STREAM_SECONDS", SOON)
    monkeypatch.setattr(module, "STREAM_RATE", 1e6)
    assert read in running.ask(post(2000, b"x" * 1500, kind=kind))


def test_a_streamed_body_ends_with_silence(running: Running, settings: Any) -> None:
    settings.UPLOAD_SILENT_SECONDS = SOON
    assert b"read 1500" in running.ask(post(2000, b"x" * 1500, kind=TUS_CONTENT_TYPE))


def test_what_nobody_reads_is_not_waited_for(running: Running) -> None:
    connection = running.connect(post(10**9, b"x" * 5000, "/unread"))
    assert b"read 0" in answers(connection)
    assert connection.recv(100) == b""  # it is not kept for another request


def test_only_so_much_is_thrown_away_of_what_nobody_reads(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_BYTES", 10**6)
    monkeypatch.setattr(module, "LINGER_SECONDS", 600)
    connection = running.connect(post(10**9, b"", "/unread"))
    with pytest.raises(ConnectionError):
        for _ in range(1000):
            connection.sendall(bytes(10**6))


def test_an_answer_arrives_although_its_request_is_still_being_sent(running: Running) -> None:
    body = bytes(8 * 2**20)
    assert b"read 0" in running.ask(post(len(body), body, "/unread"))


@pytest.mark.slow
def test_who_reads_nothing_is_given_up(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", SOON)
    for _ in range(3 * THREADS):
        running.connect(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"read 0" in running.ask()


def test_a_connection_is_good_for_many_requests(running: Running) -> None:
    connection = running.connect(3 * GET + GET[:10])
    assert answers(connection, 3).count(b"read 0") == 3
    connection.sendall(GET[10:] + post(4, b"yes!") + post(3, b"n"))
    assert b"read 4" in answers(connection, 2)
    connection.sendall(b"ow")
    assert b"read 3" in answers(connection)


def test_who_asks_whether_to_send_is_told_to(running: Running) -> None:
    connection = running.connect(post(4, b"").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.sendall(b"yes!")
    assert b"read 4" in answers(connection)


def test_a_head_without_an_end_is_refused(running: Running) -> None:
    text = b"GET / HTTP/1.1\r\nX: " + b"x" * module.HEAD_BYTES
    assert running.connect(text).recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n\r\nGET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    ],
)
def test_what_is_no_request_is_refused_at_once(running: Running, text: bytes) -> None:
    assert running.connect(text).recv(100).startswith(b"HTTP/1.1 400 ")


def test_what_follows_a_body_that_is_not_whole_is_no_request(running: Running) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = running.connect(head + b"5\r\nhello\r\n0\r\n\r\n" + GET)
    assert answers(whole, 2).count(b"read 0") == 2
    broken = running.connect(head + b"5\r\nhel")
    assert b"read 0" in answers(broken)
    assert broken.recv(100) == b""
