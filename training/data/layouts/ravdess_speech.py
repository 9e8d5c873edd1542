"""Speech of RAVDESS, sound alone (Livingstone and Russo 2018); see `training.data.ravdess`."""

from pathlib import Path

from training.data import ravdess
from training.data.corpus import Corpus
from training.data.layouts.ravdess import corpus


def read(root: Path) -> Corpus:
    """The clips of every actor below `root`. Raises DatasetError for a folder that does not fit."""
    return corpus("RAVDESS, speech", ravdess.read_clips(root))
