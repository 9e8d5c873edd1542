"""The spoken trials of EAV (Lee et al. 2024): video, sound and EEG; see `training.data.eav`."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.eeg import CHANNELS, EAV_RATE, TRIAL_S
from inference.front_ends.signals import Biosignal
from training.data import eav
from training.data.corpus import Corpus, LabelledTrial
from training.data.media import LazySignals, read_sound, video_images

SIMULATED = "faces of FER-2013 that move like a head, speech of RAVDESS and simulated EEG"


def read(root: Path) -> Corpus:
    """The spoken trials of every subject below `root`. Raises DatasetError for a folder that does not fit."""
    return corpus("EAV", root, eav.read_subjects(root))


def corpus(name: str, root: Path, subjects: Sequence[eav.Subject], *, listened: bool = False) -> Corpus:
    """The spoken trials of these subjects, or those that they listened to."""
    trials = [(subject, trial) for subject in subjects for trial in (subject.listened if listened else subject.trials)]
    return Corpus(
        name,
        tuple(_labelled(subject, trial) for subject, trial in trials),
        eav.LABELS,
        made_of=SIMULATED if eav.simulated(root) else None,
    )


def _labelled(subject: eav.Subject, trial: eav.ListenedTrial) -> LabelledTrial:
    readers: dict[str, Callable[[], Any]] = {
        "images": partial(video_images, trial.video),
        "eeg": partial(_eeg, subject, trial),
    }
    files = [trial.video, subject.eeg]
    if isinstance(trial, eav.Trial):
        readers["sound"] = partial(read_sound, trial.audio)
        files.append(trial.audio)
    return LabelledTrial(
        name=f"subject {subject.number}, trial {trial.number}",
        subject=str(subject.number),
        read=partial(LazySignals, TRIAL_S, **readers),
        label=trial.label,
        files=tuple(map(str, files)),
    )


def _eeg(subject: eav.Subject, trial: eav.ListenedTrial) -> Biosignal:
    trials, values = _recorded(subject, listened=trial in subject.listened)
    return Biosignal(values[trials.index(trial)], EAV_RATE, CHANNELS)


@lru_cache(maxsize=1)
def _recorded(subject: eav.Subject, *, listened: bool) -> tuple[Sequence[eav.ListenedTrial], NDArray[np.float32]]:
    """The trials of the subject who was read last, with their EEG; a corpus is in the order of subjects."""
    trials = subject.listened if listened else subject.trials
    return trials, eav.read_eeg(subject, trials)
