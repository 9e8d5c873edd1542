"""What the layouts share: folders, and clips as signals."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from inference.front_ends.signals import Sound
from inference.media.formats import AUDIO_FORMATS, VIDEO_FORMATS
from inference.media.probe import probe_audio, probe_video
from training.data.files import listed, named_errors
from training.data.media import LazySignals, read_sound, video_images

SIMULATED = "noise with a weak effect of the label, faces drawn"
VIDEO_SUFFIXES = {suffix for kind in VIDEO_FORMATS for suffix in kind.suffixes} - {".m4a", ".mka"}
AUDIO_SUFFIXES = {suffix for kind in AUDIO_FORMATS for suffix in kind.suffixes} - VIDEO_SUFFIXES


def subfolder(root: Path, name: str) -> Path | None:
    """The folder below `root` with this name, in any case."""
    return next((path for path in listed(root) if path.is_dir() and path.name.lower() == name.lower()), None)


def clip(video: Path, audio: Path | None = None) -> LazySignals:
    """The pictures of a clip with its sound, or that of `audio`; `video` may be a file of sound alone.

    Raises DatasetError for a file that is neither.
    """
    with named_errors(video):
        if video.suffix.lower() in AUDIO_SUFFIXES:
            return LazySignals(probe_audio(video), sound=partial(_sound, video))
        facts = probe_video(video)
    readers: dict[str, Callable[[], Any]] = {"images": partial(video_images, video)}
    if audio is not None or facts.has_audio:
        readers["sound"] = partial(_sound, audio or video)
    return LazySignals(facts.duration_s, **readers)


def _sound(path: Path) -> Sound:
    with named_errors(path):
        return read_sound(path)
