"""What hostile files are put together from."""

import io
import struct
import zipfile

import av
import numpy as np
from av.video.stream import VideoStream


def box(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    """A box of an MP4; `size` is what it says of itself."""
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


def boxes(data: bytes) -> dict[bytes, bytes]:
    """The boxes that lie end to end in `data`, by kind."""
    found, at = {}, 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found[kind] = data[at : at + length]
        at += length
    return found


def patched(data: bytes, kind: bytes, offset: int, numbers: bytes) -> bytes:
    """`data` with other bytes at `offset` in the content of its first box of this kind."""
    at = data.index(kind) + 4 + offset
    return data[:at] + numbers + data[at + len(numbers) :]


def with_moov(video: bytes, content: bytes) -> bytes:
    """The video with `content` in place of what its index holds."""
    return b"".join(box(b"moov", content) if kind == b"moov" else data for kind, data in boxes(video).items())


def with_traks(video: bytes, count: int) -> bytes:
    inside = boxes(boxes(video)[b"moov"][8:])
    return with_moov(video, inside[b"mvhd"] + count * inside[b"trak"])


def with_edits(video: bytes, number: int) -> bytes:
    """The video, of one track, with an edit list of so many entries, each of which takes the demuxer a while."""
    inside = boxes(boxes(video)[b"moov"][8:])
    track = boxes(inside[b"trak"][8:])
    edits = struct.pack(">II", 0, number) + number * struct.pack(">IiI", 1000, 0, 0x10000)
    track[b"edts"] = box(b"edts", box(b"elst", edits))
    return with_moov(video, inside[b"mvhd"] + box(b"trak", b"".join(track.values())))


def nested(depth: int, kind: bytes = b"udta") -> bytes:
    """A box in a box in a box."""
    return b"".join(struct.pack(">I4s", 8 * (depth - level), kind) for level in range(depth))


def encoded(form: str, coding: str, pixels: str = "yuv420p", size: tuple[int, int] = (64, 64)) -> bytes:
    """A second of grey in another container or coding."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(coding, rate=5)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        grey = np.full((size[1], size[0], 3), 99, np.uint8)
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode())
    return out.getvalue()


def archive(megabytes: int = 0) -> bytes:
    """A zip file; with `megabytes`, one that unpacks to so much."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../evil.py", "print('here')")
        if megabytes:
            file.writestr("zeros", bytes(megabytes << 20))
    return out.getvalue()


def element(identity: bytes, content: bytes, size: int | None = None) -> bytes:
    """An element of a Matroska file."""
    length = len(content) if size is None else size
    return identity + (length | 1 << 56).to_bytes(8) + content


def riff(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(content) if size is None else size) + kind + content


def chunk(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    stated = struct.pack("<I", len(content) if size is None else size)
    return kind + stated + content + bytes(len(content) % 2)


def wave(
    *,
    coding: int = 1,
    channels: int = 1,
    rate: int = 16_000,
    block: int = 2,
    data_size: int | None = None,
    riff_size: int | None = None,
    behind: bytes = b"",
) -> bytes:
    """A second of silence whose header says what it is told to."""
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * 2 % 2**32, block, 16)
    return riff(b"WAVE", chunk(b"fmt ", form) + chunk(b"data", bytes(32_000), data_size), riff_size) + behind
