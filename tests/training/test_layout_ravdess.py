"""RAVDESS as a corpus: takes on video, and speech alone."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.training.test_training_data import write_clip as write_speech
from training.data import layouts, ravdess
from training.errors import DatasetError
from training.simulate.drawn_clips import Mood, Person, write_clip


def test_takes_have_their_pictures_and_their_sound(tmp_path: Path) -> None:
    folder = tmp_path / "Actor_11"
    folder.mkdir()
    rng = np.random.default_rng(1)
    write_clip(folder / "01-01-05-01-01-01-11.mp4", Person.draw(rng), Mood(0, 0), 1, rng)
    corpus = layouts.read("ravdess", tmp_path)
    (trial,) = corpus.trials
    assert corpus.labels == ravdess.LABELS
    assert (trial.name, trial.subject, trial.label) == ("01-01-05-01-01-01-11", "11", "angry")
    signals = trial.read()
    assert signals.images is not None and signals.sound is not None and signals.seconds == pytest.approx(1, abs=0.1)


def test_speech_comes_by_actor_without_pictures(tmp_path: Path) -> None:
    for actor in (3, 2):
        path = write_speech(tmp_path, emotion=4, actor=actor)
    corpus = layouts.read("ravdess-speech", tmp_path)
    assert [(trial.subject, trial.label) for trial in corpus.trials] == [("2", "sad"), ("3", "sad")]
    signals = corpus.trials[0].read()
    assert signals.images is None and signals.sound is not None
    assert signals.seconds == pytest.approx(soundfile.info(path).duration, abs=0.01)


@pytest.mark.parametrize("layout", ["ravdess", "ravdess-speech"])
def test_a_folder_without_actors_is_refused(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DatasetError, match="no Actor_NN"):
        layouts.read(layout, tmp_path)
