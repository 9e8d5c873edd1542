"""Opens recordings with PyAV, and only the kinds of file that a recording can be."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

# Demuxers that read one file and never another: no playlists, no concatenation, no images.
FORMATS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,wav,w64,flac,ogg,mp3,aac"


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The container in `path`. Raises av.error.FFmpegError if it is of no allowed format."""
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    with av.open(f"file:{path.resolve()}", options=options, metadata_errors="replace") as container:
        yield container


def picture(container: InputContainer) -> VideoStream | None:
    """The picture track; cover art is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def voice(container: InputContainer) -> AudioStream | None:
    """The first sound track that can be decoded."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def start_s(container: InputContainer) -> float:
    """Where the container's clock stands at a player's time 0, in seconds."""
    return (container.start_time or 0) / av.time_base
