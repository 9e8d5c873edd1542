"""DEAP as recorded (Koelstra et al. 2012): `data_original/sNN.bdf` at 512 Hz, unfiltered, with the videos of the faces.

The Status channel, the last one, turns to 4 when a video begins; the ratings are in `participant_ratings.csv`.
Subjects 1 to 22 were recorded in Twente, with the EEG in another order and the skin response in nS, the others in
Geneva, with it in Ohm: all are brought to Geneva's form. The channels are those of the preprocessed files, whose EOG
and EMG are differences of two electrodes.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Biosignal
from training.data import bdf, eav, levels
from training.data.corpus import Corpus, LabelledTrial
from training.data.layouts._deap import (
    BASELINE_S,
    EEG,
    PERIPHERAL,
    RATINGS,
    SECONDS,
    Rated,
    check_trials,
    check_videos,
    face_videos,
    ratings_of,
    subject_files,
)
from training.data.layouts._files import SIMULATED
from training.data.media import LazySignals, video_images
from training.errors import DatasetError

BEGINS = 4  # trigger
_PAIRS = ("EXG1", "EXG2", "EXG3", "EXG4", "EXG5", "EXG6", "EXG7", "EXG8")
_SINGLE = ("GSR1", "Resp", "Plet", "Temp")
RECORDED = EEG + _PAIRS + _SINGLE
TWENTE = range(1, 23)  # subjects
_GSR = len(EEG) + PERIPHERAL.index("GSR")


def read(root: Path) -> Corpus:
    """The trials of every subject below `root`, in the order of time. Raises DatasetError for what does not fit."""
    files = subject_files(root, "data_original", ".bdf")
    ratings = ratings_of(root, files)
    videos = face_videos(root)
    trials = []
    for subject, path in files.items():
        channels = bdf.read_header(path).channels
        if missing := [name for name in RECORDED if name not in channels]:
            raise DatasetError(f"{path}: has no channel {', '.join(missing)}")
        check_trials(root, path, len(ratings[subject]))
        check_videos(videos, subject, ratings[subject])
        trials += [
            _trial(subject, path, trial, len(ratings[subject]), videos.get((subject, trial.place)))
            for trial in ratings[subject]
        ]
    made_of = SIMULATED if eav.simulated(root) else None
    return Corpus("DEAP, original", tuple(trials), threshold=levels.THRESHOLD, made_of=made_of)


def _trial(subject: int, path: Path, trial: Rated, count: int, video: Path | None) -> LabelledTrial:
    stretch = partial(_stretch, path, subject, trial.place, count)
    readers: dict[str, Callable[[], Any]] = {
        "eeg": lambda: _signal(stretch(), len(EEG)),
        "bio": lambda: _signal(stretch(), len(EEG + PERIPHERAL)),
        "features": lambda: _features(stretch()),
    }
    if video is not None:
        readers["images"] = partial(video_images, video)
    return LabelledTrial(
        name=f"video {trial.video}",
        subject=str(subject),
        read=partial(LazySignals, SECONDS, **readers),
        ratings=trial.ratings,
        files=tuple(str(file) for file in (path, video) if file is not None),
    )


def _signal(stretch: Biosignal, channels: int) -> Biosignal:
    first = round(BASELINE_S * stretch.rate)
    return Biosignal(stretch.samples[:channels, first:], stretch.rate, stretch.channels[:channels])


def _features(stretch: Biosignal) -> dict[str, NDArray[np.float32]]:
    """`baseline` (3, 40, rate): the three seconds before the video."""
    rate = round(stretch.rate)
    before = stretch.samples[:, : BASELINE_S * rate]
    return {"baseline": before.reshape(len(before), BASELINE_S, rate).swapaxes(0, 1)}


@lru_cache(maxsize=1)
def _stretch(path: Path, subject: int, place: int, count: int) -> Biosignal:
    """The trial that was read last, with the three seconds before it."""
    begins = bdf.onsets(path, BEGINS)
    if len(begins) != count:
        raise DatasetError(f"{path}: {len(begins)} videos begin by its triggers, but {RATINGS} has {count}")
    rate = bdf.read_header(path).rate
    values = bdf.read_channels(path, RECORDED, begins[place - 1] - BASELINE_S, BASELINE_S + SECONDS)
    eeg, pairs, single = np.split(values, [len(EEG), len(EEG) + len(_PAIRS)])
    samples = np.concatenate([eeg, pairs[::2] - pairs[1::2], single])
    if subject in TWENTE:
        samples[_GSR] = _ohm(path, samples[_GSR])
    return Biosignal(samples, rate, EEG + PERIPHERAL)


def _ohm(path: Path, conductance_ns: NDArray[np.float32]) -> NDArray[np.float32]:
    if not conductance_ns.all():
        raise DatasetError(f"{path}: GSR1 is 0 nS somewhere, so that its resistance cannot be computed")
    return (1e9 / conductance_ns).astype(np.float32)
