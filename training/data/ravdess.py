"""RAVDESS speech: eight acted emotions by 24 actors (Livingstone & Russo 2018).

File names hold seven two-digit fields, modality-channel-EMOTION-intensity-statement-repetition-ACTOR.
Modality 01 is picture with sound, 02 the same take without sound, 03 sound alone; channel 01 is speech, 02 song.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import librosa
import numpy as np
import soundfile

from training.errors import DatasetError

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
_SUFFIXES = {".wav", ".flac"}


@dataclass(frozen=True)
class Clip:
    """A recording of one sentence by one actor."""

    path: Path
    label: str
    actor: int


def read_clips(root: Path, actors: Iterable[int] | None = None) -> list[Clip]:
    """The speech clips below `root`/Actor_NN, in order of actor and name; only `actors`, if given.

    Raises DatasetError for a missing folder or actor, and for a name that is not of the data set.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    clips = [_parse(path) for path in sorted(root.glob("Actor_*/*")) if path.suffix.lower() in _SUFFIXES]
    return _of_actors(root, clips, actors, "Actor_NN/*.wav or *.flac")


def read_videos(root: Path, actors: Iterable[int] | None = None) -> list[Clip]:
    """The takes below `root`/Actor_NN or `root`/Video_Speech_Actor_NN/Actor_NN, by actor and name; only of `actors`.

    Each take was published twice, as 01-*.mp4 and, without its sound, as 02-*.mp4: the first is read and the second
    only checked. Raises DatasetError for a missing folder or actor, for a name that is not of the data set, and for
    a take of which there is no file with sound.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    folders = [*root.glob("Actor_*"), *root.glob("Video_Speech_Actor_*/Actor_*")]
    paths = [path for folder in folders for path in folder.iterdir() if path.suffix.lower() == ".mp4"]
    takes = sorted((_parse_take(path) for path in paths if not path.name.startswith(".")), key=_order)
    for clip, other in pairwise(takes):
        if clip.path.stem == other.path.stem:
            raise DatasetError(f"{other.path}: the same take as {clip.path}")
    sounding = {clip.path.stem for clip in takes if clip.path.name.startswith("01")}
    for clip in takes:
        if f"01{clip.path.stem[2:]}" not in sounding:
            raise DatasetError(f"{clip.path}: there is no 01{clip.path.stem[2:]}.mp4, the same take with sound")
    return _of_actors(root, [clip for clip in takes if clip.path.stem in sounding], actors, "Actor_NN/01-*.mp4")


def _order(clip: Clip) -> tuple[int, str]:
    return clip.actor, clip.path.name


def _parse_take(path: Path) -> Clip:
    clip = _parse(path)
    if path.name[:5] not in ("01-01", "02-01"):
        raise DatasetError(f"{path}: not a video of speech (01-01-* or 02-01-*)")
    archive = path.parent.parent.name
    if archive.startswith("Video_Speech_") and archive != f"Video_Speech_{path.parent.name}":
        raise DatasetError(f"{path}: actor {clip.actor:02d} lies in {archive}")
    return clip


def _of_actors(root: Path, clips: list[Clip], actors: Iterable[int] | None, names: str) -> list[Clip]:
    if actors is not None:
        wanted = set(actors)
        missing = wanted - {clip.actor for clip in clips}
        if missing:
            raise DatasetError(f"{root}: no clips of actors {sorted(missing)}")
        clips = [clip for clip in clips if clip.actor in wanted]
    if not clips:
        raise DatasetError(f"{root}: no {names}")
    return clips


def _parse(path: Path) -> Clip:
    fields = path.stem.split("-")
    if len(fields) != 7 or not all(field.isdigit() and len(field) == 2 for field in fields):
        raise DatasetError(f"{path}: not a RAVDESS name (seven two-digit fields)")
    emotion, actor = int(fields[2]), int(fields[6])
    if not 1 <= emotion <= len(LABELS):
        raise DatasetError(f"{path}: emotion {emotion:02d} is not one of 01..08")
    if path.parent.name != f"Actor_{actor:02d}":
        raise DatasetError(f"{path}: actor {actor:02d} lies in {path.parent.name}")
    return Clip(path, LABELS[emotion - 1], actor)


class _OnDisk(Protocol):
    @property
    def path(self) -> Path: ...


def read_sound(clip: _OnDisk, sample_rate: int) -> np.ndarray:
    """The clip as mono float32 at `sample_rate`. Raises DatasetError if it cannot be read."""
    try:
        sound, rate = soundfile.read(clip.path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DatasetError(f"{clip.path}: cannot be read: {error}") from error
    mono = sound.mean(axis=1)
    return mono if rate == sample_rate else librosa.resample(mono, orig_sr=rate, target_sr=sample_rate)
