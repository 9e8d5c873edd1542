"""The clips that benchmarks of recordings measure with."""

from pathlib import Path

from benchmarks.reporting import ROOT
from inference.media.ffmpeg import run_ffmpeg


def make_clip(path: Path, seconds: int) -> None:
    """The sample recording over and over at 1280 x 720, as a camera's H.264 file with sound."""
    once = path.with_name("once.mp4")
    if not once.exists():
        source = ["-stream_loop", "-1", "-i", str(ROOT / "samples/interview.mp4"), "-t", "60"]
        picture = ["-vf", "scale=960:720,pad=1280:720:160:0", "-c:v", "libx264", "-preset", "medium", "-b:v", "4M"]
        run_ffmpeg([*source, *picture, "-c:a", "aac"], once, read=[ROOT / "samples"])
    run_ffmpeg(["-stream_loop", "-1", "-i", str(once), "-t", str(seconds), "-c", "copy"], path, read=[once])
