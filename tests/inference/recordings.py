"""Recordings as cameras, browsers and converters leave them, of a test picture with a beep every second."""

from collections.abc import Callable
from pathlib import Path

from tests.inference.clips import made

SECONDS = 4
BEEP_S = 0.5  # behind each whole second
CAMERA_TRAILER = bytes(range(200)) + b"8db42d694ccc418790edff439fe026bf"
_BEEPS = f"0.5*sin(2*PI*1000*t)*between(mod(t,1),{BEEP_S},{BEEP_S}+0.2)"
_CODINGS = {
    "mp4": ("-c:v", "libx264", "-c:a", "aac"),
    "mkv": ("-c:v", "libx264", "-c:a", "aac"),
    "ts": ("-c:v", "libx264", "-c:a", "ac3"),
    "vob": ("-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob"),
    "avi": ("-c:v", "mpeg4", "-c:a", "pcm_s16le"),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-live", "1"),
}


def beeps(path: Path, *options: str, seconds: float = SECONDS) -> Path:
    """A recording of the kind that the path's suffix says."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=25:d={seconds}"]
    sound = ["-f", "lavfi", "-i", f"aevalsrc='{_BEEPS}':s=44100:d={seconds}"]
    return made(path, *picture, *sound, *_CODINGS[path.suffix[1:]], *options)


def joined(path: Path, kind: str, second: Path) -> Path:
    first = beeps(path.with_name(f"first.{kind}"))
    path.write_bytes(first.read_bytes() + second.read_bytes())
    return path


def with_drift(path: Path, factor: float, seconds: float = 20) -> Path:
    """Sound whose packets lie `factor` times as far apart as its samples are long."""
    return beeps(path, "-bsf:a", f"setts=ts=TS*{factor}", seconds=seconds)


def with_two_sounds(path: Path, default: int) -> Path:
    """Sound tracks that are silent and beep; `default` is the one so marked."""
    plain = beeps(path.with_name("plain.mp4"))
    other = ["-f", "lavfi", "-i", "anullsrc=r=44100:cl=mono", "-map", "0:v", "-map", "1:a", "-map", "0:a"]
    marks = [f"-disposition:a:{number}" for number in (0, 1)]
    chosen = [marks[default], "default", marks[1 - default], "0"]
    return made(path, "-i", str(plain), *other, "-t", str(SECONDS), "-c:v", "copy", "-c:a", "aac", *chosen)


def with_two_pictures(path: Path, default: int, first_coding: str = "libx264") -> Path:
    """Picture tracks that are black and of a test picture; `default` is the one so marked."""
    plain = beeps(path.with_name("plain.mp4"))
    black = ["-f", "lavfi", "-i", f"color=black:s=160x120:r=25:d={SECONDS}"]
    marks = [f"-disposition:v:{number}" for number in (0, 1)]
    chosen = [marks[default], "default", marks[1 - default], "0"]
    codings = ["-c:v:0", first_coding, "-c:v:1", "libx264", "-c:a", "copy"]
    maps = ["-map", "1:v", "-map", "0:v", "-map", "0:a"]
    return made(path, "-i", str(plain), *black, *maps, *codings, *chosen)


def followed_by(path: Path, behind: bytes) -> Path:
    path.write_bytes(beeps(path).read_bytes() + behind)
    return path


# What is read from beginning to end, each with its length in seconds.
READ: dict[str, tuple[float, Callable[[Path], Path]]] = {
    "Matroska whose clock starts late": (SECONDS, lambda to: beeps(to / "a.mkv", "-output_ts_offset", "10")),
    "broadcast whose clock starts late": (SECONDS, lambda to: beeps(to / "a.ts", "-output_ts_offset", "5000")),
    "broadcast whose clock overflows": (SECONDS, lambda to: beeps(to / "a.ts", "-output_ts_offset", "95441")),
    "broadcast with a hole": (
        2 * SECONDS + 3,
        lambda to: joined(to / "a.ts", "ts", beeps(to / "second.ts", "-output_ts_offset", f"{SECONDS + 3}")),
    ),
    "camcorder's file": (SECONDS, lambda to: beeps(to / "a.ts", "-mpegts_m2ts_mode", "1").rename(to / "00001.MTS")),
    "sound clock that is fast": (20, lambda to: with_drift(to / "a.mkv", 0.99)),
    "sound clock that is slow": (20.2, lambda to: with_drift(to / "a.mkv", 1.01)),
    "second sound is the default": (SECONDS, lambda to: with_two_sounds(to / "a.mkv", 1)),
    "second picture is the default": (SECONDS, lambda to: with_two_pictures(to / "a.mkv", 1)),
    "MP4 with zeros behind": (SECONDS, lambda to: followed_by(to / "a.mp4", bytes(4096))),
    "MP4 with padding behind": (SECONDS, lambda to: followed_by(to / "a.mp4", b"\xff" * 70_000)),
    "MP4 with a camera's trailer": (SECONDS, lambda to: followed_by(to / "a.mp4", CAMERA_TRAILER)),
    "Matroska with zeros behind": (SECONDS, lambda to: followed_by(to / "a.mkv", bytes(4096))),
    "AVI with zeros behind": (SECONDS, lambda to: followed_by(to / "a.avi", bytes(4096))),
}
# What players show in part or in another order, each with its code.
REFUSED: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "DVD title whose clock begins anew": (
        "clock_jumps",
        lambda to: joined(to / "a.vob", "vob", beeps(to / "second.vob")),
    ),
    "broadcasts put end to end": ("clock_jumps", lambda to: joined(to / "a.ts", "ts", beeps(to / "second.ts"))),
    "broadcast whose clock jumps ahead": (
        "clock_jumps",
        lambda to: joined(to / "a.ts", "ts", beeps(to / "second.ts", "-output_ts_offset", "600")),
    ),
    "two sessions of a browser": ("clock_jumps", lambda to: joined(to / "a.webm", "webm", beeps(to / "second.webm"))),
    "two MP4 put end to end": ("joined_recordings", lambda to: joined(to / "a.mp4", "mp4", beeps(to / "second.mp4"))),
    "two Matroska put end to end": (
        "joined_recordings",
        lambda to: joined(to / "a.mkv", "mkv", beeps(to / "second.mkv")),
    ),
    "two AVI put end to end": ("joined_recordings", lambda to: joined(to / "a.avi", "avi", beeps(to / "second.avi"))),
    "frames that are all shown at once": (
        "clock_jumps",
        lambda to: beeps(to / "a.mkv", "-bsf:v", "setts=ts=0"),
    ),
}
# Sound whose timestamps cannot be those of its samples: told by reading it, not by its packets.
UNTIMED: dict[str, Callable[[Path], Path]] = {
    "sound all of which is heard at once": lambda to: beeps(to / "a.mkv", "-bsf:a", "setts=ts=0"),
    "sound at twice its speed": lambda to: with_drift(to / "a.mkv", 0.5),
    "sound with a gap behind each packet": lambda to: with_drift(to / "a.mkv", 2),
}
