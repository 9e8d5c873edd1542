"""How a track's frames are shown: its pixels' shape, then turned and mirrored as the file asks."""

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream


class Orientation:
    """Shows the frames of one track upright, all as the first one asks."""

    def __init__(self, stream: VideoStream) -> None:
        self._pixel_shape = float(stream.sample_aspect_ratio or 1)
        self._reformatter = VideoReformatter()
        self._turns: tuple[bool, bool, bool] | None = None

    def size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height of a frame as a player shows it."""
        width, height = round(frame.width * self._pixel_shape), frame.height
        return (height, width) if self._turned(frame)[0] else (width, height)

    def pixels(self, frame: av.VideoFrame, longest: int) -> np.ndarray:
        """A frame as shown, (H, W, 3) uint8 BGR, shrunk so that its longer side has at most `longest` pixels."""
        transposed, mirrored, flipped = self._turned(frame)
        width = frame.width * self._pixel_shape
        scale = min(1.0, longest / max(width, frame.height))
        width, height = max(2, round(width * scale)), max(2, round(frame.height * scale))
        pixels = self._reformatter.reformat(frame, width, height, "bgr24").to_ndarray()
        if transposed:
            pixels = pixels.swapaxes(0, 1)
        return np.ascontiguousarray(pixels[:: -1 if flipped else 1, :: -1 if mirrored else 1])

    def _turned(self, frame: av.VideoFrame) -> tuple[bool, bool, bool]:
        # A frame whose side data was looked at holds itself in memory until the garbage collector comes by.
        if self._turns is None:
            self._turns = _display_transform(frame)
        return self._turns


def _display_transform(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Whether to transpose a frame, then mirror it left to right, then top to bottom.

    A display matrix maps a pixel's (x, y) to (ax + cy, bx + dy); its first five numbers are a, b, -, c, d.
    """
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]  # typed as a mapping by name
    if matrix is None:
        return False, False, False
    a, b, _, c, d = (int(number) for number in np.frombuffer(bytes(matrix), dtype=np.int32)[:5])
    return (True, c < 0, b < 0) if abs(b) > abs(a) else (False, a < 0, d < 0)
