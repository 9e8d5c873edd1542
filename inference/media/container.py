"""Opens recordings with PyAV, and only the kinds of file that a recording can be."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

# Demuxers that read one file and never another: no playlists, no concatenation, no images.
VIDEO_FORMATS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo"
AUDIO_FORMATS = "wav,w64,flac,ogg,mp3,aac,mov,mp4,m4a"


@contextmanager
def opened(path: Path, formats: str = VIDEO_FORMATS + "," + AUDIO_FORMATS) -> Iterator[InputContainer]:
    """The container in `path`. Raises av.error.FFmpegError if it is of no allowed format."""
    options = {"format_whitelist": formats, "protocol_whitelist": "file"}
    with av.open(f"file:{path.resolve()}", options=options, metadata_errors="replace") as container:
        yield container


def picture(container: InputContainer) -> VideoStream | None:
    """The picture track; cover art is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def start_s(container: InputContainer) -> float:
    """Where the container's clock stands at a player's time 0, in seconds."""
    return (container.start_time or 0) / av.time_base
