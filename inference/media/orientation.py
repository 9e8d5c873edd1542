"""Frames as displayed: the pixel aspect ratio, rotation and mirroring of a track."""

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

# As `_display_transform` returns them, by quarter turns to the left.
_ROTATIONS = ((False, False, False), (True, False, True), (False, True, True), (True, True, False))


class Orientation:
    """Converts the frames of one track as the display matrix of the first one says."""

    def __init__(self, stream: VideoStream) -> None:
        self._pixel_aspect = float(stream.sample_aspect_ratio or 1)
        self._reformatter = VideoReformatter()
        self._transform: tuple[bool, bool, bool] | None = None

    def size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return width and height of a frame as displayed."""
        width, height = round(frame.width * self._pixel_aspect), frame.height
        return (height, width) if self._transform_of(frame)[0] else (width, height)

    def pixels(self, frame: av.VideoFrame, max_side: int) -> np.ndarray:
        """Convert a frame to (H, W, 3) uint8 BGR as displayed, its longer side at most `max_side` pixels."""
        transposed, mirrored, flipped = self._transform_of(frame)
        width = frame.width * self._pixel_aspect
        scale = min(1.0, max_side / max(width, frame.height))
        width, height = max(2, round(width * scale)), max(2, round(frame.height * scale))
        pixels = self._reformatter.reformat(frame, width, height, "bgr24").to_ndarray()
        if transposed:
            pixels = pixels.swapaxes(0, 1)
        return np.ascontiguousarray(pixels[:: -1 if flipped else 1, :: -1 if mirrored else 1])

    def _transform_of(self, frame: av.VideoFrame) -> tuple[bool, bool, bool]:
        # Reading a frame's side data makes a reference cycle that keeps the frame in memory.
        if self._transform is None:
            self._transform = _display_transform(frame)
        return self._transform


def _display_transform(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Return whether to transpose a frame, then mirror it left to right, then top to bottom.

    A display matrix maps a pixel's (x, y) to (ax + cy, bx + dy); its first five numbers are a, b, -, c, d.
    """
    try:
        matrix = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]  # typed as a mapping by name
    except ValueError:  # PyAV knows no EXIF, which the pictures of Motion JPEG may have
        return _ROTATIONS[round(frame.rotation / 90) % 4]
    if matrix is None:
        return False, False, False
    a, b, _, c, d = (int(number) for number in np.frombuffer(bytes(matrix), dtype=np.int32)[:5])
    return (True, c < 0, b < 0) if abs(b) > abs(a) else (False, a < 0, d < 0)
