"""DEAP, preprocessed: 32 subjects watch 40 music videos of 60 s (Koelstra et al., IEEE TAC 3(1), 18, 2012).

`data_preprocessed_python/sNN.dat` is a pickled dictionary of `data` (40 videos, 40 channels, 8064 samples) and
`labels` (40 videos, 4): valence, arousal, dominance and liking, 1 to 9. The rate is 128 Hz and the first 3 s are of the
time before the video. Where `participant_ratings.csv` is there, the trials are in the order of time; `face_video` needs
it.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Biosignal
from training.data import eav, levels
from training.data.corpus import Corpus, LabelledTrial
from training.data.layouts._deap import (
    BASELINE_S,
    DIMENSIONS,
    EEG,
    PERIPHERAL,
    RATINGS,
    SECONDS,
    Rated,
    check_trials,
    check_videos,
    face_videos,
    ratings_of,
    read_ratings,
    subject_files,
)
from training.data.layouts._files import SIMULATED
from training.data.media import LazySignals, video_images
from training.data.numpy_pickle import read_arrays
from training.errors import DatasetError

RATE = 128
CHANNELS = EEG + PERIPHERAL
_SAMPLES = round((BASELINE_S + SECONDS) * RATE)
_ROUNDING = 0.01  # of the ratings, which are stored twice


def read(root: Path) -> Corpus:
    """The trials of every subject below `root`. Raises DatasetError for a folder that does not fit."""
    files = subject_files(root, "data_preprocessed_python", ".dat")
    videos = face_videos(root)
    ratings = ratings_of(root, files) if videos else read_ratings(root)
    trials = []
    for subject, path in files.items():
        rated = _rated(path)
        check_trials(root, path, len(rated))
        if ratings is not None:
            rated = _in_order(path, rated, ratings.get(subject, []))
        check_videos(videos, subject, rated)
        trials += [_trial(subject, path, trial, videos.get((subject, trial.place))) for trial in rated]
    made_of = SIMULATED if eav.simulated(root) else None
    return Corpus("DEAP", tuple(trials), threshold=levels.THRESHOLD, made_of=made_of)


def _trial(subject: int, path: Path, trial: Rated, video: Path | None) -> LabelledTrial:
    readers: dict[str, Callable[[], Any]] = {
        "eeg": partial(_signal, path, trial.video, len(EEG)),
        "bio": partial(_signal, path, trial.video, len(CHANNELS)),
        "features": partial(_features, path, trial.video),
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


def _rated(path: Path) -> list[Rated]:
    """The trials of a file with their ratings, in the order of videos, whose place is not known."""
    _, labels = _subject(path)
    return [
        Rated(video, video, dict(zip(DIMENSIONS, row.tolist(), strict=False))) for video, row in enumerate(labels, 1)
    ]


def _in_order(path: Path, rated: list[Rated], shown: list[Rated]) -> list[Rated]:
    """The trials in the order of time. Raises DatasetError where their ratings are others than those of the file."""
    if len(shown) != len(rated):
        raise DatasetError(f"{path}: holds {len(rated)} trials, but {RATINGS} {len(shown)} of the subject")
    for trial in shown:
        stored = rated[trial.video - 1].ratings
        for name, rating in trial.ratings.items():
            if abs(stored[name] - rating) > _ROUNDING:
                raise DatasetError(
                    f"{path}: {name} of video {trial.video} is {stored[name]:g}, but {rating:g} in {RATINGS}"
                )
    return shown


def _signal(path: Path, video: int, channels: int) -> Biosignal:
    data, _ = _subject(path)
    return Biosignal(data[video - 1, :channels, BASELINE_S * RATE :], RATE, CHANNELS[:channels])


def _features(path: Path, video: int) -> dict[str, NDArray[np.float32]]:
    """`baseline` (3, 40, 128): the three seconds before the video."""
    data, _ = _subject(path)
    before = data[video - 1, :, : BASELINE_S * RATE]
    return {"baseline": before.reshape(len(CHANNELS), BASELINE_S, RATE).swapaxes(0, 1)}


@lru_cache(maxsize=1)
def _subject(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """`data` (trials, 40, 8064), microvolt, and `labels` (trials, 4) of the subject who was read last."""
    arrays = read_arrays(path)
    for name in ("data", "labels"):
        if name not in arrays:
            raise DatasetError(f"{path}: has no {name}, but {', '.join(sorted(arrays)) or 'nothing'}")
    data, labels = arrays["data"], arrays["labels"]
    if data.ndim != 3 or data.shape[1:] != (len(CHANNELS), _SAMPLES):
        raise DatasetError(
            f"{path}: data is {data.shape}, expected (trials, {len(CHANNELS)}, {_SAMPLES}) of channels and samples"
        )
    if labels.shape != (len(data), 4):
        raise DatasetError(f"{path}: labels is {labels.shape}, expected {(len(data), 4)}")
    if not (np.isfinite(data).all() and np.isfinite(labels).all()):
        raise DatasetError(f"{path}: holds NaN or Inf")
    for row in labels[:, : len(DIMENSIONS)].ravel():
        if not levels.LOWEST <= row <= levels.HIGHEST:
            raise DatasetError(f"{path}: rating {row:g} is not between {levels.LOWEST:g} and {levels.HIGHEST:g}")
    return data.astype(np.float32), labels.astype(np.float64)
