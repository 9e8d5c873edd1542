"""Simulated folders say what they are, can be read, and hold a weak effect of the label."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.face_tracking import FaceTracker
from inference.model_spec import FaceInput
from tests.training.simulated_folders import small, write
from training.__main__ import main
from training.data import eav
from training.data import layouts as readers
from training.simulate import biosignals, drawn_clips, layouts
from training.simulate.drawn_clips import Mood, Person


@pytest.mark.slow
@pytest.mark.parametrize("layout", layouts.names())
def test_every_layout_is_simulated_by_the_command_and_read_again(layout: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with small():
        assert main(["simulate", "--layout", layout, "--subjects", "1", "--out", str(out), "--seed", "4"]) == 0
    readme = (out / "README.txt").read_text(encoding="utf-8")
    assert (
        readme.startswith("SIMULATED") and eav.simulated(out) and f"--layout {layout}" in readme and "seed 4" in readme
    )
    corpus = readers.read(layout, out)
    assert corpus.trials and corpus.made_of is not None
    assert corpus.trials[0].read().seconds > 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_signals(tmp_path: Path) -> None:
    first, again = (readers.read("seed", write("seed", tmp_path / name)).trials[0].read().eeg for name in "ab")
    with small():
        layouts.write("seed", tmp_path / "c", 1, 4)
    other = readers.read("seed", tmp_path / "c").trials[0].read().eeg
    assert first is not None and again is not None and other is not None
    np.testing.assert_array_equal(first.samples, again.samples)
    assert (first.samples != other.samples).mean() > 0.9


@pytest.mark.slow
def test_the_last_subjects_are_tested(tmp_path: Path) -> None:
    corpus = readers.read("labelled-clips", write("labelled-clips", tmp_path, subjects=5))
    parts = {trial.subject: trial.part for trial in corpus.trials}
    assert list(parts.values()) == ["train", "train", "train", "validation", "test"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layout", "dreamer"), "dreamer: no such layout, have eav, deap, deap-original, emotions, labelled-clips"),
        (("--layout", "deap", "--faces", "x"), "--faces has no use for the layout deap"),
        (("--layout", "seed", "--trials-per-class", "2"), "--trials-per-class has no use for the layout seed"),
        (("--layout", "eav"), "--faces is needed"),
        ((), "--faces is needed"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments, "--subjects", "1", "--out", str(tmp_path / "out")]) == 2
    assert f"error: {message}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("x")
    assert main(["simulate", "--layout", "deap", "--subjects", "1", "--out", str(tmp_path)]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def share_told(valence: bool) -> float:
    """The share of 120 recordings of two labels that the planted rhythm tells, by the best threshold of all."""
    rng, values, rate = np.random.default_rng(1), [], 128
    for index in range(120):
        sign = 1 if index % 2 else -1
        mood = Mood(sign, 0) if valence else Mood(0, sign)
        signals = biosignals.record(rng, mood, 4, rate, 8, 0)
        spectrum = np.abs(np.fft.rfft(signals)) ** 2
        rhythm = np.log(spectrum[:, 36:45].sum(1) if valence else spectrum[:, 76:85].sum(1))
        values.append(rhythm[1::2].mean() - rhythm[::2].mean() if valence else rhythm.mean())
    high, low = np.array(values[1::2]), np.array(values[::2])
    return float(max(((high > cut).mean() + (low <= cut).mean()) / 2 for cut in values))


@pytest.mark.parametrize("valence", [True, False])
def test_biosignals_tell_the_label_better_than_chance_and_not_always(valence: bool) -> None:
    assert 0.7 < share_told(valence) < 0.97


def test_peripheral_channels_rise_with_arousal() -> None:
    rng = np.random.default_rng(1)
    high, low = (
        np.mean([biosignals.record(rng, Mood(0, arousal), 2, 64, 1, 4)[1:].mean() for _ in range(100)])
        for arousal in (1, -1)
    )
    assert high - low > 2


def test_a_drawn_face_is_found_and_smiles_with_valence() -> None:
    tracker = FaceTracker(FaceInput(samples=1, size=48, grey=False, native_size=48, crop_scale=1.0, frame_side=640))
    person = Person.draw(np.random.default_rng(1))
    for valence in (-1, 0, 1):
        box = tracker(drawn_clips.draw_face(person, Mood(valence, 0))).box
        assert box is not None and abs(box[0] + box[2] / 2 - 64) < 12
    happy, sad = (
        cv2.cvtColor(drawn_clips.draw_face(person, Mood(valence, 0)), cv2.COLOR_BGR2GRAY) for valence in (1, -1)
    )
    corner, middle = (slice(80, 96), slice(50, 56)), (slice(80, 96), slice(61, 67))
    assert happy[middle].argmin(axis=0).mean() > happy[corner].argmin(axis=0).mean()
    assert sad[middle].argmin(axis=0).mean() < sad[corner].argmin(axis=0).mean()
