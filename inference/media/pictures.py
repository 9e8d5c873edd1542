"""Pictures that participants see: decoded in the sandbox and written anew, so that only their pixels are kept."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from inference.errors import Code, InputError
from inference.media.container import MAX_PIXELS, MAX_SIDE
from inference.media.formats import PICTURE_FORMATS, detect_format
from inference.sandbox.client import sandboxed

MAX_BYTES = 32 * 2**20  # of a file as sent
PNG = ".png"  # the format in which pictures are kept
CHANNELS = {"rgb24": 3, "rgba": 4}


def convert_picture(source: Path, target: Path) -> None:
    """Write the PNG, JPEG or WebP file `source` to `target` as PNG, with the same pixels, upright, and nothing else.

    Raises InputError(EMPTY_FILE | TOO_LARGE | NOT_A_PICTURE | READER_CRASHED | TOO_COSTLY).
    """
    size = source.stat().st_size
    if size == 0:
        raise InputError(Code.EMPTY_FILE, f"The file {source.name} is empty. Send it again.")
    if size > MAX_BYTES:
        message = (
            f"{source.name} has {size / 1e6:.0f} MB; a picture may have {MAX_BYTES / 1e6:.0f} MB. Save it smaller."
        )
        raise InputError(Code.TOO_LARGE, message)
    (pixels,) = read_picture(source)
    target.write_bytes(_png(pixels))


@sandboxed()
def read_picture(path: Path) -> Iterator[np.ndarray]:
    """Yield the pixels of a picture, (H, W, 3) uint8 RGB or (H, W, 4) with transparency. Of an animation, the first.

    Raises InputError(NOT_A_PICTURE).
    """
    kind = detect_format(path, PICTURE_FORMATS)
    if kind is None:
        raise _not_a_picture_error()
    options = {"format_whitelist": kind.demuxer, "protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}
    try:
        with av.open(f"file:{path.resolve()}", format=kind.demuxer, options=options) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}
            frame = next(container.decode(stream))
    except MemoryError:
        raise
    except (av.error.FFmpegError, IndexError, StopIteration) as error:
        raise _not_a_picture_error() from error
    if max(frame.width, frame.height) > MAX_SIDE or frame.width * frame.height > MAX_PIXELS:
        raise _not_a_picture_error()
    # JPEG has no transparency: what ffmpeg calls so is the black of four printing colours.
    is_transparent = kind.name != "JPEG" and any(component.is_alpha for component in frame.format.components)
    pixels = frame.to_ndarray(format="rgba" if is_transparent else "rgb24")
    yield np.rot90(pixels, round(frame.rotation / 90))


def _png(pixels: np.ndarray) -> bytes:
    height, width, channels = pixels.shape
    if pixels.dtype != np.uint8 or channels not in CHANNELS.values():
        raise _not_a_picture_error()
    layout = next(name for name, count in CHANNELS.items() if count == channels)
    encoder = VideoCodecContext.create("png", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, layout, Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=layout)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _not_a_picture_error() -> InputError:
    return InputError(
        Code.NOT_A_PICTURE,
        f"This file cannot be read as a picture of at most {MAX_SIDE} pixels a side. Send a PNG, JPEG or WebP file.",
    )
