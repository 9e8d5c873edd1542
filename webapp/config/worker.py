"""A gunicorn worker that slow clients cannot exhaust.

gunicorn's threaded worker assigns a thread to each connection, which waits for the request's head and body and for the
client to read the response. Here the main loop buffers the head, and the body unless it is streamed
(`bodies.is_streamed`); a thread gets complete requests. It waits only for a streamed body and for the client to read,
each with a time limit.
"""

import errno
import re
import selectors
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from webapp.core.bodies import is_streamed, is_tus_part

HEAD_SECONDS, HEAD_BYTES = 15.0, 64 * 1024
BODY_SECONDS = 60.0  # for one that is not streamed
STREAM_SECONDS, STREAM_RATE = 30.0, 16_000  # time limit of a streamed body: a constant, and a rate in bytes a second
SEND_SECONDS = 60.0  # for one write of a response
LINGER_SECONDS, LINGER_BYTES = 5.0, 16 * 2**20  # discarded after a response, which a reset would lose otherwise
MAX_WAITING = 256  # waiting connections; beyond it, the oldest is closed
RECEIVE_BYTES = 64 * 1024  # at once

HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r\n|$)", re.IGNORECASE)
CONTENT_TYPE = re.compile(rb"\r\ncontent-type:([^\r\n]*)", re.IGNORECASE)
EXPECT_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


class DeadlineUnreader(SocketUnreader):
    """The received part of a request. A thread can read more only while a body is streamed."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.stop()

    def stream(self, length: int, *, partial: bool) -> None:
        """Let a thread read a body of `length` bytes; with `partial`, a truncated body ends without an error."""
        self._until, self._partial = time.monotonic() + STREAM_SECONDS + length / STREAM_RATE, partial

    def stop(self) -> None:
        self._until, self._partial = 0.0, False

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Raises ConnectionResetError where the body is truncated."""
        data = self._receive(size_hint)
        if data or self._partial:
            return data
        raise ConnectionResetError(errno.ECONNRESET, "The rest of the request did not come")

    def _receive(self, size_hint: int | None) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            return b""
        self.sock.settimeout(min(left, settings.UPLOAD_SILENT_SECONDS))
        try:
            return bytes(super().chunk(size_hint))
        except OSError:
            return b""
        finally:
            self.sock.settimeout(SEND_SECONDS)


class Connection(TConn):
    """A client's connection. `deadline` applies while it waits for data."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.initialized = True
        self.unreader = DeadlineUnreader(sock)
        self.parser = RequestParser(cfg, sock, client)
        self.parser.unreader = self.unreader
        self.deadline = 0.0
        self.idle = False  # between two requests
        self.discards = 0  # bytes to discard after the last response
        self._wanted: int | None = None  # size of the buffered request, once its head is complete

    def init(self) -> None:
        """Prepare the socket for a thread that responds."""
        self.sock.settimeout(SEND_SECONDS)

    def begin(self) -> bool:
        """Expect the next request. Whether it is already buffered."""
        self._wanted = None
        return self.add(b"")

    def add(self, data: bytes) -> bool:
        """Buffer data. Whether a thread can process the request now."""
        buffer = self.unreader.buf
        buffer.seek(0, 2)
        buffer.write(data)
        if self._wanted is None:
            head, end, _ = buffer.getvalue().partition(HEAD_END)
            if not end:
                return bool(buffer.tell() > HEAD_BYTES)
            self._wanted = len(head) + len(HEAD_END) + _buffered_body_bytes(head)
            if buffer.tell() < self._wanted:
                self.deadline = time.monotonic() + BODY_SECONDS
                if EXPECT_CONTINUE.search(head):
                    self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return bool(buffer.tell() >= self._wanted)

    @property
    def has_head(self) -> bool:
        return self._wanted is not None

    @property
    def has_begun(self) -> bool:
        return bool(self.unreader.buf.getbuffer().nbytes)


def _buffered_body_bytes(head: bytes) -> int:
    """How many bytes of a body are buffered before a thread gets the request; the parser reports invalid heads."""
    found, kind = CONTENT_LENGTH.search(head), CONTENT_TYPE.search(head)
    length = int(found[1]) if found else 0
    return 0 if is_streamed(kind[1].decode("latin-1") if kind else "", length) else length


class Worker(ThreadWorker):
    """A threaded worker that buffers requests in its main loop and limits every wait."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting: dict[Connection, None] = {}  # oldest first

    def accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            client, address = listener.accept()
            self.nr_conns += 1
            self._wait(Connection(self.cfg, client, address, listener.getsockname()), HEAD_SECONDS)

    def _wait(self, connection: Connection, seconds: float) -> None:
        if not self.alive:
            seconds = min(seconds, STOP_KEEPALIVE_LINGER)
        connection.deadline = time.monotonic() + seconds
        connection.sock.setblocking(False)
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._receive, connection))
        self._waiting[connection] = None
        if len(self._waiting) > MAX_WAITING:
            self._end(next(iter(self._waiting)))

    def _receive(self, connection: Connection, _: socket.socket) -> None:
        if connection not in self._waiting:  # closed by another event of the same round
            return
        try:
            data = connection.sock.recv(RECEIVE_BYTES)
            if not data:
                self._end(connection)
            elif connection.discards:
                connection.discards -= len(data)
                if connection.discards <= 0:
                    self._end(connection)
            else:
                if connection.idle:
                    connection.idle, connection.deadline = False, time.monotonic() + HEAD_SECONDS
                if connection.add(data):
                    self._forget(connection)
                    self.enqueue_req(connection)
        except BlockingIOError:
            return
        except OSError:
            self._end(connection)

    def handle(self, conn: Connection) -> Any:
        if not conn.has_head:
            conn.init()
            self.handle_error(None, conn.sock, conn.client, LimitRequestHeaders(f"more than {HEAD_BYTES} bytes"))
            return False
        return super().handle(conn)

    def handle_request(self, req: Request, conn: Connection) -> Any:
        headers = dict(req.headers)
        kind, length = headers.get("CONTENT-TYPE", ""), int(headers.get("CONTENT-LENGTH", 0))
        if is_streamed(kind, length):
            conn.unreader.stream(length, partial=is_tus_part(kind))
        try:
            return super().handle_request(req, conn)
        except TimeoutError as error:
            raise NoMoreData from error  # the client does not read the response

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Close the connection where the body was not read to its end: the next request's start is unknown."""
        conn.unreader.stop()
        with suppress(OSError, ParseException):
            return keepalive and conn.parser.mesg.body.read() is not None
        return False

    def finish_request(self, conn: Connection, fs: "Future[Any]") -> None:
        try:
            if not fs.result():
                self._linger(conn)
            elif conn.begin():
                self.enqueue_req(conn)
            else:
                conn.idle = not conn.has_begun
                self._wait(conn, self.cfg.keepalive if conn.idle else BODY_SECONDS if conn.has_head else HEAD_SECONDS)
        except Exception:  # of the response or the socket
            self._end(conn)

    def _linger(self, connection: Connection) -> None:
        """Closing with unread bytes would reset the connection and lose the response in transit."""
        connection.sock.shutdown(socket.SHUT_WR)
        connection.discards = LINGER_BYTES
        self._wait(connection, LINGER_SECONDS)

    def _forget(self, connection: Connection) -> None:
        if connection in self._waiting:
            del self._waiting[connection]
            self.poller.unregister(connection.sock)

    def _end(self, connection: Connection) -> None:
        self._forget(connection)
        self.nr_conns -= 1
        connection.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections past their deadline; gunicorn's loop calls this at least once a second."""
        now = time.monotonic()
        for connection in [each for each in self._waiting if force or each.deadline <= now]:
            if connection.has_begun and not connection.discards:
                with suppress(OSError):
                    util.write_error(connection.sock, 408, "Request Timeout", "The request did not come in time.")
            self._end(connection)

    def _cap_keepalive(self, deadline: float) -> None:
        for connection in self._waiting:
            connection.deadline = min(connection.deadline, deadline)
