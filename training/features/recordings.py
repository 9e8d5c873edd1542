"""Clips of recordings as network input, computed once and kept under runs/, file by file.

Faces are detected and cropped, and MFCC computed, by the same code as at inference.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from msgspec import to_builtins
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from inference import speech
from inference.eeg import TRIAL_S
from inference.errors import InputError
from inference.face_tracking import FaceTracker
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.media.probe import probe_audio, probe_video
from inference.model_spec import FaceInput, SpeechInput
from inference.timeline.evidence import MIN_VOICE
from training.data import corrected, eav, ravdess
from training.data.labels import label_indices
from training.errors import DatasetError

log = logging.getLogger(__name__)

CACHE = Path("runs") / "recordings"
WINDOWS = 6  # of a trial of EAV, the last one aligned to its end
_REPORT_EVERY = 50
_MAX_WINDOWS = 200  # of one video that are computed at once


@dataclass(frozen=True)
class Clip:
    """A labelled recording of one subject; `starts` (s) of its windows, or None for the one in its middle."""

    video: Path
    audio: Path
    label: str
    subject: int
    starts: tuple[float, ...] | None


@dataclass(frozen=True)
class PreparedClip:
    """A clip's windows on disk: `faces` is a npy file (W, 15, S, S[, 3]) uint8, zeros where there is no face.

    `mfcc` (W, 10, 156), zeros where there is no voice; `seen` (W, 15) tells which samples show a face.
    """

    faces: Path
    mfcc: NDArray[np.float32]
    seen: NDArray[np.bool_]
    label: str
    subject: int


class WindowDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """The windows of prepared clips; their faces stay on disk until a batch asks for them."""

    def __init__(self, clips: Sequence[PreparedClip], labels: Sequence[str]) -> None:
        self.clips = clips
        self.targets = label_indices([clip.label for clip in clips], labels)
        self.windows = [(clip, window) for clip in range(len(clips)) for window in range(len(clips[clip].mfcc))]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, batch: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """MFCC (B, 10, 156), faces (B * 15, S, S[, 3]) uint8 and label indices (B,) of these windows."""
        windows = [self.windows[index] for index in batch]
        mfcc = np.stack([self.clips[clip].mfcc[window] for clip, window in windows])
        faces = np.concatenate([np.load(self.clips[clip].faces, mmap_mode="r")[window] for clip, window in windows])
        targets = np.array([self.targets[clip] for clip, _ in windows])
        return torch.from_numpy(mfcc), torch.from_numpy(faces), torch.from_numpy(targets)


def read_clips(source: str, root: Path, subjects: Sequence[int] | None, seconds: float) -> list[Clip]:
    """The clips of these subjects in the layout of `source`, "ravdess", "eav" or "corrected".

    A corrected recording gives a clip a segment; segments shorter than a window give none. Raises DatasetError.
    """
    if source == "corrected":
        return [
            Clip(segment.video, segment.audio, segment.label, segment.subject, starts)
            for segment in corrected.read(root, subjects)
            if (starts := corrected.windows(segment, seconds))
        ]
    assert subjects is not None
    if source == "ravdess":
        takes = ravdess.read_videos(root, subjects)
        return [Clip(take.path, take.path, take.label, take.actor, None) for take in takes]
    starts = tuple(index * (TRIAL_S - seconds) / (WINDOWS - 1) for index in range(WINDOWS))
    return [
        Clip(trial.video, trial.audio, trial.label, trial.subject, starts)
        for subject in eav.read_subjects(root, subjects)
        for trial in subject.trials
    ]


@dataclass(frozen=True)
class Preprocessing:
    """`face` and `speech` of a model's specification, and the length of its windows, s."""

    face: FaceInput
    speech: SpeechInput
    seconds: float


def prepare(clips: Sequence[Clip], preprocessing: Preprocessing) -> list[PreparedClip]:
    """Every clip's input, from runs/ where the same file was prepared in the same way before.

    Clips without any face are kept, and counted in the log. Raises DatasetError for a file that cannot be read.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    missing = [clip for clip in clips if not _path(clip, preprocessing).exists()]
    done = len(clips) - len(missing)
    for together in _by_video(missing):
        _prepare_video(together, preprocessing)
        if done // _REPORT_EVERY < (done := done + len(together)) // _REPORT_EVERY:
            log.info("prepared %d of %d clips", done, len(clips))
    found = [_load(clip, preprocessing) for clip in clips]
    log.info("%d of %d clips show no face", count_without_face(found), len(found))
    return found


def count_without_face(clips: Sequence[PreparedClip]) -> int:
    """How many clips show no face in any window."""
    return sum(not clip.seen.any() for clip in clips)


def _load(clip: Clip, preprocessing: Preprocessing) -> PreparedClip:
    path = _path(clip, preprocessing)
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as stored:
        return PreparedClip(path, stored["mfcc"], stored["seen"], clip.label, clip.subject)


def _by_video(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Neighbouring clips of one video, which is decoded once for all of them, as many as fit in memory."""
    together: list[Clip] = []
    for clip in clips:
        held = sum(len(other.starts or ()) for other in together)
        if together and (clip.video != together[0].video or held + len(clip.starts or ()) > _MAX_WINDOWS):
            yield together
            together = []
        together.append(clip)
    if together:
        yield together


def _prepare_video(together: Sequence[Clip], preprocessing: Preprocessing) -> None:
    """Prepare clips of one video, whose windows follow one another, and store each by itself."""
    whole = together[0]
    if len(together) > 1:
        whole = replace(whole, starts=tuple(start for clip in together for start in clip.starts or ()))
    try:
        faces, seen, mfcc = _compute(whole, preprocessing)
    except InputError as error:
        raise DatasetError(f"{whole.video}: {error.message}") from error
    first = 0
    for clip in together:
        cut = slice(first, first := first + len(clip.starts or (0,)))
        path = _path(clip, preprocessing)
        np.savez(path.with_suffix(".npz"), seen=seen[cut], mfcc=mfcc[cut])
        partial = path.with_suffix(".part.npy")
        np.save(partial, faces[cut])
        partial.replace(path)


def _path(clip: Clip, preprocessing: Preprocessing) -> Path:
    return CACHE / f"{_key(clip, preprocessing)}.npy"


def _key(clip: Clip, preprocessing: Preprocessing) -> str:
    files = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in (clip.video, clip.audio)]
    face = {key: value for key, value in to_builtins(preprocessing.face).items() if key != "size"}
    described = (files, clip.starts, preprocessing.seconds, face, to_builtins(preprocessing.speech))
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:24]


def _compute(
    clip: Clip, preprocessing: Preprocessing
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float32]]:
    """Faces, which of them are seen, and MFCC, as in `PreparedClip`."""
    media = probe_video(clip.video)
    if clip.audio == clip.video and not media.has_audio:
        raise DatasetError(f"{clip.video}: has no sound")
    if clip.audio != clip.video:
        probe_audio(clip.audio)
    seconds, samples, side = preprocessing.seconds, preprocessing.face.samples, preprocessing.face.native_size
    starts = clip.starts or (max(0.0, (media.duration_s - seconds) / 2),)
    steps = (np.arange(samples) + 0.5) * seconds / samples
    # Windows overlap, and a video is read once, in order.
    times, order = np.unique(np.round(np.add.outer(starts, steps), 6), return_inverse=True)
    crops = np.zeros((len(times), side, side) if preprocessing.face.grey else (len(times), side, side, 3), np.uint8)
    seen = np.zeros(len(times), dtype=bool)
    read = FaceTracker(preprocessing.face)
    for number, frame in enumerate(frames_at(clip.video, times.tolist(), preprocessing.face.frame_side)):
        crop = read(frame).crop
        if crop is not None:
            crops[number], seen[number] = crop, True
    rate = preprocessing.speech.sample_rate
    mix = measure_mixdown(clip.audio)
    heard = list(speech.cut_windows(decode_audio(clip.audio, rate, mix=mix), starts, seconds, rate))
    gain = (
        speech.level_gain(
            speech.voice_level(decode_audio(clip.audio, rate, mix=mix), rate), preprocessing.speech.level_db
        )
        if preprocessing.speech.level_db is not None
        else 1.0
    )
    mfcc = np.stack([speech.mfcc(gain * window, preprocessing.speech) for window in heard])
    mfcc[np.array([speech.voice_activity_ratio(window, rate) for window in heard]) < MIN_VOICE] = 0.0
    order = order.reshape(len(starts), samples)
    return crops[order], seen[order], mfcc
