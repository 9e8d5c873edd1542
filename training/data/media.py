"""Signals of a trial, read from files when they are needed."""

from pathlib import Path
from typing import Any

import numpy as np

from inference.front_ends.signals import Signals, Sound
from inference.media.decode import audio_rate, decode_audio
from inference.video_images import FRAME_SIDE, STEP_S, FaceTrack, VideoImages, track_face
from training.data.cache import cached


class LazySignals(Signals):
    """Signals whose parts are read when a front end first asks for them."""

    def __init__(self, seconds: float, **parts: Any) -> None:
        """`parts` are named as in `Signals`; one that is a function is called when it is first needed."""
        readers = {name: part for name, part in parts.items() if callable(part)}
        super().__init__(seconds, **{name: part for name, part in parts.items() if name not in readers})
        object.__setattr__(self, "readers", readers)

    def __getattribute__(self, name: str) -> Any:
        parts = super().__getattribute__("__dict__")
        if (readers := parts.get("readers")) and name in readers:
            parts[name] = readers[name]()
            del readers[name]
        return super().__getattribute__(name)

    def has(self, part: str) -> bool:
        """Whether the part of this name was recorded; it is not read."""
        return part in self.readers or super().has(part)


def video_images(path: Path) -> VideoImages:
    """The pictures of a video; where its face is, is searched once and kept in runs/."""
    return VideoImages(path, _track)


def read_sound(path: Path) -> Sound:
    """The sound of a file, of video too, at its own rate. Raises InputError where it cannot be read."""
    rate = audio_rate(path)
    return Sound(np.concatenate([np.zeros(0, np.float32), *decode_audio(path, rate)]), rate)


def file_identity(path: Path | str) -> tuple[str, int, int]:
    """What tells a file from another version of it: absolute path, size and time of change."""
    facts = Path(path).stat()
    return str(Path(path).resolve()), facts.st_size, facts.st_mtime_ns


def _track(path: Path) -> FaceTrack:
    return FaceTrack(**cached("face-track", (file_identity(path), FRAME_SIDE, STEP_S), lambda: vars(track_face(path))))
