"""Files in parts, over the tus protocol: after whatever broke, sending goes on where the server is."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

from emotrace_client.errors import EmotraceError
from emotrace_client.transport import LATER, Transport

Progress = Callable[[int, int], object]
"""Called with the bytes that have gone, and those of the whole file."""

PART_BYTES = 8 * 2**20
PIECE_BYTES = 256 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
# The server is elsewhere than we thought, or has not noticed yet that the connection before is gone: ask again.
ELSEWHERE = (409, 423, 460)


class Sending:
    """One file on its way. `address` is that of an upload begun earlier, to go on with."""

    def __init__(
        self, transport: Transport, path: Path, *, address: str | None = None, progress: Progress | None = None
    ) -> None:
        self.address = address
        self._transport = transport
        self._path = path
        self._size = path.stat().st_size
        self._progress = progress or (lambda _gone, _whole: None)
        self._offset = 0
        self._sure = False  # whether the offset is known to be the server's

    def run(self) -> str:
        """Send the file to its end; the upload's id. Raises EmotraceError."""
        if self.address is None:
            name = base64.b64encode(self._path.name.encode()).decode()
            headers = {**TUS, "Upload-Length": str(self._size), "Upload-Metadata": f"filename {name}"}
            # Begun twice does no harm: the server removes an upload of which nothing comes.
            self.address = self._transport.request("POST", "uploads/", headers=headers).headers["Location"]
        self._transport.persist(self._go_on, progressed=lambda: self._offset)
        return self.address.rstrip("/").rpartition("/")[2]

    def _go_on(self) -> None:
        assert self.address is not None
        if not self._sure:
            self._arrived(self._transport.once("HEAD", self.address, headers=TUS).headers["Upload-Offset"])
        while self._offset < self._size:
            length = min(PART_BYTES, self._size - self._offset)
            headers = {
                **TUS,
                "Upload-Offset": str(self._offset),
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(length),
            }
            self._sure = False
            part = self._pieces(self._offset, length)
            answer = self._transport.once(
                "PATCH", self.address, later=(*LATER, *ELSEWHERE), headers=headers, content=part
            )
            self._arrived(answer.headers["Upload-Offset"])

    def _arrived(self, offset: str) -> None:
        self._offset, self._sure = int(offset), True
        self._progress(self._offset, self._size)

    def _pieces(self, start: int, length: int) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(start)
            gone = 0
            while gone < length:
                piece = file.read(min(PIECE_BYTES, length - gone))
                if not piece:
                    raise EmotraceError("file_changed", f"{self._path} became shorter while it was sent.")
                yield piece
                gone += len(piece)
                self._progress(start + gone, self._size)
