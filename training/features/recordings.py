"""Clips of recordings as network input, computed once and kept under runs/, file by file.

Faces are found and cut, and speech is read, by the same code as at inference.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from msgspec import to_builtins
from numpy.typing import NDArray

from inference import speech
from inference.eeg import TRIAL_S
from inference.errors import InputError
from inference.face_tracking import FaceTracker
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.media.probe import probe_audio, probe_video
from inference.model_spec import FaceInput, SpeechInput
from inference.timeline.evidence import MIN_VOICE
from training.data import corrected, eav, ravdess
from training.errors import DatasetError

log = logging.getLogger(__name__)

CACHE = Path("runs") / "recordings"
WINDOWS = 6  # of a trial of EAV, the last one aligned to its end
_REPORT_EVERY = 50
_PASS = 200  # windows of one video that are computed at once


@dataclass(frozen=True)
class Clip:
    """A labelled recording of one person; `starts` (s) of its windows, or None for the one in its middle."""

    video: Path
    audio: Path
    label: str
    person: int
    starts: tuple[float, ...] | None


@dataclass(frozen=True)
class Prepared:
    """A clip's windows on disk: `faces` is a npy file (W, 15, S, S[, 3]) uint8, zeros where there is no face.

    `mfcc` (W, 10, 156), zeros where there is no voice; `seen` (W, 15) says which samples show a face.
    """

    faces: Path
    mfcc: NDArray[np.float32]
    seen: NDArray[np.bool_]
    label: str
    person: int


def read_clips(source: str, root: Path, people: Sequence[int] | None, seconds: float) -> list[Clip]:
    """The clips of these people in the layout of `source`, "ravdess", "eav" or "corrected". Raises DatasetError.

    A corrected recording gives a clip a segment; segments shorter than a window give none.
    """
    if source == "corrected":
        return [
            Clip(stretch.video, stretch.audio, stretch.label, stretch.person, starts)
            for stretch in corrected.read(root, people)
            if (starts := corrected.windows(stretch, seconds))
        ]
    assert people is not None
    if source == "ravdess":
        takes = ravdess.read_videos(root, people)
        return [Clip(take.path, take.path, take.label, take.actor, None) for take in takes]
    starts = tuple(index * (TRIAL_S - seconds) / (WINDOWS - 1) for index in range(WINDOWS))
    return [
        Clip(trial.video, trial.audio, trial.label, trial.subject, starts)
        for subject in eav.read_subjects(root, people)
        for trial in subject.trials
    ]


@dataclass(frozen=True)
class Reading:
    """How clips are read: `face` and `speech` of a model's specification, windows of `seconds`."""

    face: FaceInput
    speech: SpeechInput
    seconds: float


def prepare(clips: Sequence[Clip], reading: Reading) -> list[Prepared]:
    """Every clip's input, from runs/ where the same file was read in the same way before.

    Clips that show no face at all are kept, and counted in the log. Raises DatasetError for a file
    that cannot be read.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    missing = [clip for clip in clips if not _place(clip, reading).exists()]
    done = len(clips) - len(missing)
    for together in _passes(missing):
        _compute(together, reading)
        if done // _REPORT_EVERY < (done := done + len(together)) // _REPORT_EVERY:
            log.info("read %d of %d clips", done, len(clips))
    found = [_prepared(clip, reading) for clip in clips]
    log.info("%d of %d clips show no face", faceless(found), len(found))
    return found


def faceless(clips: Sequence[Prepared]) -> int:
    return sum(not clip.seen.any() for clip in clips)


def _prepared(clip: Clip, reading: Reading) -> Prepared:
    path = _place(clip, reading)
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as stored:
        return Prepared(path, stored["mfcc"], stored["seen"], clip.label, clip.person)


def _passes(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Neighbours of one video, which is read once for all of them, no more windows at once than memory holds."""
    together: list[Clip] = []
    for clip in clips:
        held = sum(len(one.starts or ()) for one in together)
        if together and (clip.video != together[0].video or held + len(clip.starts or ()) > _PASS):
            yield together
            together = []
        together.append(clip)
    if together:
        yield together


def _compute(together: Sequence[Clip], reading: Reading) -> None:
    """Read clips of one video, whose windows follow one another, and keep each by itself."""
    whole = together[0]
    if len(together) > 1:
        whole = replace(whole, starts=tuple(start for clip in together for start in clip.starts or ()))
    try:
        faces, seen, mfcc = _computed(whole, reading)
    except InputError as error:
        raise DatasetError(f"{whole.video}: {error.message}") from error
    first = 0
    for clip in together:
        cut = slice(first, first := first + len(clip.starts or (0,)))
        path = _place(clip, reading)
        np.savez(path.with_suffix(".npz"), seen=seen[cut], mfcc=mfcc[cut])
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, faces[cut])
        unfinished.replace(path)


def _place(clip: Clip, reading: Reading) -> Path:
    return CACHE / f"{_key(clip, reading)}.npy"


def _key(clip: Clip, reading: Reading) -> str:
    files = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in (clip.video, clip.audio)]
    face = {key: value for key, value in to_builtins(reading.face).items() if key != "size"}
    asked = (files, clip.starts, reading.seconds, face, to_builtins(reading.speech))
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]


def _computed(clip: Clip, reading: Reading) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float32]]:
    """Faces, which of them are seen, and MFCC, as in `Prepared`."""
    media = probe_video(clip.video)
    if clip.audio == clip.video and not media.has_audio:
        raise DatasetError(f"{clip.video}: has no sound")
    if clip.audio != clip.video:
        probe_audio(clip.audio)
    seconds, samples, side = reading.seconds, reading.face.samples, reading.face.native_size
    starts = clip.starts or (max(0.0, (media.duration_s - seconds) / 2),)
    steps = (np.arange(samples) + 0.5) * seconds / samples
    # Windows overlap, and a video is read once, in order.
    times, place = np.unique(np.round(np.add.outer(starts, steps), 6), return_inverse=True)
    crops = np.zeros((len(times), side, side) if reading.face.grey else (len(times), side, side, 3), np.uint8)
    seen = np.zeros(len(times), dtype=bool)
    read = FaceTracker(reading.face)
    for number, frame in enumerate(frames_at(clip.video, times.tolist(), reading.face.frame_side)):
        crop = read(frame).crop
        if crop is not None:
            crops[number], seen[number] = crop, True
    rate = reading.speech.sample_rate
    mix = measure_mixdown(clip.audio)
    heard = list(speech.cut_windows(decode_audio(clip.audio, rate, mix=mix), starts, seconds, rate))
    gain = (
        speech.level_gain(decode_audio(clip.audio, rate, mix=mix), reading.speech)
        if reading.speech.level_db is not None
        else 1.0
    )
    mfcc = np.stack([speech.mfcc(gain * window, reading.speech) for window in heard])
    mfcc[np.array([speech.voice_activity_ratio(window, rate) for window in heard]) < MIN_VOICE] = 0.0
    place = place.reshape(len(starts), samples)
    return crops[place], seen[place], mfcc
