"""The network between a browser and a server: slow, broken or back again, as a test wants it."""

import socket
import threading
import time
from contextlib import suppress

CHUNK_BYTES = 64 * 1024


class ThrottledProxy:
    """Forwards what comes to `address` (host:port) to a server. Counts the bytes that go up, and who comes in vain."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent = 0
        self.tried_in_vain = 0
        self.seconds_a_chunk = 0.0
        self.breaks_at: int | None = None
        self._whole = threading.Event()
        self._whole.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def broken(self) -> bool:
        return not self._whole.is_set()

    def break_(self) -> None:
        """Cut every connection and let no other through."""
        self._whole.clear()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        self.breaks_at = None
        self._whole.set()

    def close(self) -> None:
        self.break_()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._connect, args=self._listener.accept()[:1], daemon=True).start()

    def _connect(self, browser: socket.socket) -> None:
        """Forward both ways, and close at the end: a browser that still sends learns of a cut only by that."""
        with suppress(OSError), browser, socket.create_connection(self._server) as server:
            self._open += [browser, server]
            if self.broken:
                self.tried_in_vain += 1
                return
            answers = threading.Thread(target=self._forward, args=(server, browser, False), daemon=True)
            answers.start()
            self._forward(browser, server, True)
            answers.join()

    def _forward(self, giver: socket.socket, taker: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while chunk := giver.recv(CHUNK_BYTES):
                if up:
                    time.sleep(self.seconds_a_chunk * len(chunk) / CHUNK_BYTES)
                    self.sent += len(chunk)
                    if self.breaks_at is not None and self.sent >= self.breaks_at:
                        self.break_()
                taker.sendall(chunk)
        for each in (giver, taker):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
