"""Videos of RAVDESS: eight acted emotions by 24 actors (Livingstone and Russo 2018); see `training.data.ravdess`."""

from functools import partial
from pathlib import Path

from training.data import ravdess
from training.data.corpus import Corpus, LabelledTrial
from training.data.layouts._files import clip


def read(root: Path) -> Corpus:
    """The takes with sound of every actor below `root`. Raises DatasetError for a folder that does not fit."""
    return corpus("RAVDESS", ravdess.read_videos(root))


def corpus(name: str, clips: list[ravdess.Clip]) -> Corpus:
    """A trial for each clip, whose subject is the actor."""
    trials = (
        LabelledTrial(
            name=each.path.stem,
            subject=str(each.actor),
            read=partial(clip, each.path),
            label=each.label,
            files=(str(each.path),),
        )
        for each in clips
    )
    return Corpus(name, tuple(trials), ravdess.LABELS)
