"""The trials of EAV that the subjects listened to: video and EEG, without sound of their own."""

from pathlib import Path

from training.data import eav
from training.data.corpus import Corpus
from training.data.layouts.eav import corpus


def read(root: Path) -> Corpus:
    """The listening trials of every subject below `root`. Raises DatasetError for a folder that does not fit."""
    return corpus("EAV, listening", root, eav.read_subjects(root), listened=True)
