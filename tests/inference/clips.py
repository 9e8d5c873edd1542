"""Short recordings for tests of what reads and writes them."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

TONE_HZ = 440


def picture(seconds: float = 2, size: str = "320x240", rate: str = "25") -> list[str]:
    """ffmpeg's arguments for an input that shows a moving test picture."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(seconds: float = 2, rate: int = 44100) -> list[str]:
    """ffmpeg's arguments for an input that sounds."""
    return ["-f", "lavfi", "-i", f"sine=f={TONE_HZ}:d={seconds}:r={rate}"]


def made(path: Path, *arguments: str) -> Path:
    """What ffmpeg makes of the arguments, as `path`."""
    command = [get_ffmpeg_exe(), "-y", "-v", "error", "-nostdin", *arguments, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def talk(path: Path, seconds: float = 2) -> Path:
    """A picture of 320 x 240 at 25 frames a second with sound."""
    return made(path, *picture(seconds), *tone(seconds))


def silent(path: Path, seconds: float = 2, size: str = "320x240") -> Path:
    return made(path, *picture(seconds, size))


def sized(path: Path, size: str, seconds: float = 0.2) -> Path:
    """A silent video whose sides may be odd numbers."""
    scaled = f"format=yuv444p,scale={size.replace('x', ':')},setsar=1"
    return made(path, *picture(seconds), "-vf", scaled, "-c:v", "ffv1")


def growing(path: Path, *sizes: str) -> Path:
    """A second of each of these sizes, in one H.264 track."""
    parts = [
        made(path.with_name(f"{size}.h264"), *picture(1, size), "-c:v", "libx264", "-preset", "ultrafast").read_bytes()
        for size in sizes
    ]
    track = path.with_name("track.h264")
    track.write_bytes(b"".join(parts))
    return made(path, "-r", "25", "-i", str(track), "-c", "copy")


def shades(path: Path, shown_s: Sequence[float], last_s: float = 0.04) -> Path:
    """A video whose frame i, shown at shown_s[i] (s), is grey all over: `shade(i)`. The last is shown for `last_s`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        ends = [*shown_s[1:], shown_s[-1] + last_s]
        for number, (at, end) in enumerate(zip(shown_s, ends, strict=True)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade(number), np.uint8), format="bgr24")
            frame.pts, frame.time_base = round(at * 1000), Fraction(1, 1000)
            frame.duration = round((end - at) * 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shade(number: int) -> int:
    return 20 + 12 * (number % 18)


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds of the container's clock."""
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0) if frame.time is not None]


def first_sound_s(path: Path) -> float:
    """When the sound track begins, in seconds of the container's clock."""
    with av.open(str(path)) as container:
        time = next(container.decode(audio=0)).time
    assert time is not None
    return time
