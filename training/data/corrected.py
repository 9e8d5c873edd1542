"""Recordings with corrected timelines: files `personN/NAME.json`, as the application exports them.

Beside each lies its video, `personN/NAME.mp4` or of another suffix, and `NAME.wav` where there is a separate sound
track. N is the subject's number in splits: all recordings of one subject lie in one folder.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inference.errors import InputError
from inference.export import decode_timeline
from inference.hashing import sha256_file
from inference.timeline.corrections import validate_corrections
from inference.types import UNDETERMINED, Timeline
from training.errors import DatasetError

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m4v")
_FOLDER = re.compile(r"person(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Segment:
    """A part of a recording with one corrected label."""

    video: Path
    audio: Path
    subject: int
    label: str
    start_s: float
    end_s: float


def read(root: Path, subjects: Iterable[int] | None = None) -> list[Segment]:
    """The corrected segments below `root`, by subject, file and time; only of `subjects`, if given.

    Undetermined segments are left out. Raises DatasetError, which names the file: for a missing subject, a result
    that cannot be read, has no corrections, or a label that it does not know; for a video that is missing, there
    twice, or another one than was read.
    """
    folders = {
        int(match[1]): folder
        for folder in (sorted(root.iterdir()) if root.is_dir() else ())
        if folder.is_dir() and (match := _FOLDER.fullmatch(folder.name))
    }
    wanted = sorted(folders if subjects is None else set(subjects))
    if missing := [number for number in wanted if number not in folders]:
        raise DatasetError(f"{root}: no folders of subjects {missing}")
    results = [(number, path) for number in wanted for path in sorted(folders[number].glob("*.json"))]
    if not results:
        raise DatasetError(f"{root}: no personN/NAME.json")
    found: list[Segment] = []
    seen: dict[str, Path] = {}
    for number, path in results:
        timeline = _timeline(path)
        other = seen.setdefault(timeline.media.sha256, path)
        if other != path:
            raise DatasetError(f"{path}: is of the same video as {other}")
        video = _video(path, timeline.media.sha256)
        sound = path.with_suffix(".wav")
        assert timeline.corrections is not None
        found += [
            Segment(video, sound if sound.is_file() else video, number, one.label, one.start_s, one.end_s)
            for one in timeline.corrections.segments
            if one.label != UNDETERMINED
        ]
    return found


def windows(segment: Segment, seconds: float) -> tuple[float, ...]:
    """Starts (s) of windows of `seconds` within the segment: as many as fit side by side, spread evenly.

    No window crosses a boundary, so each has one label; a shorter segment has none.
    """
    room = segment.end_s - segment.start_s - seconds
    if room < -1e-6:
        return ()
    count = int((room + 1e-6) // seconds) + 1
    step = room / (count - 1) if count > 1 else 0.0
    first = segment.start_s if count > 1 else segment.start_s + max(0.0, room) / 2
    return tuple(round(first + number * step, 6) for number in range(count))


def _timeline(path: Path) -> Timeline:
    try:
        timeline = decode_timeline(json.loads(path.read_bytes()))
        if timeline.corrections is None:
            raise DatasetError(f"{path}: has no corrections")
        validate_corrections(timeline.corrections.segments, timeline.labels, timeline.media.duration_s)
    except InputError as error:
        raise DatasetError(f"{path}: {error.message}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(f"{type(error).__name__} {error}".split())
        raise DatasetError(f"{path}: cannot be read as result.json: {reason}") from error
    return timeline


def _video(result: Path, expected: str) -> Path:
    found = [path for path in sorted(result.parent.glob("*")) if _stands_by(path, result)]
    if len(found) != 1:
        have = " and ".join(path.name for path in found) or "none"
        raise DatasetError(f"{result}: needs one video {result.stem}.mp4 beside it, has {have}")
    if sha256_file(found[0]) != expected:
        raise DatasetError(f"{found[0]}: is not the video of {result.name}: its SHA-256 is another")
    return found[0]


def _stands_by(path: Path, result: Path) -> bool:
    return path.stem == result.stem and path.suffix.lower() in SUFFIXES
