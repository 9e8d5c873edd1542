"""Small corpora in memory, whose labels can be told from the signals."""

from collections.abc import Sequence

import numpy as np

from inference.front_ends.signals import Biosignal, Signals, Sound
from training.data.corpus import Corpus, LabelledTrial

LABELS = ("calm", "angry")
RATE = 100


class Pictures:
    """Images that are as bright as they are late, and a count of how often they were sampled."""

    def __init__(self) -> None:
        self.calls = 0

    def sample(self, times_s: np.ndarray, crop: str, size: int) -> np.ndarray:
        self.calls += 1
        return np.repeat((10 * times_s).astype(np.uint8), size * size * 3).reshape(-1, size, size, 3)


def signals(label: int, seed: int, seconds: float = 4.0, channels: int = 4) -> Signals:
    """EEG, sound and biosignals with a tone for label 1, and faster for it."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    tone = (1 + 3 * label) * np.sin(2 * np.pi * 10 * times)
    eeg = (tone + rng.normal(size=(channels, len(times)))).astype(np.float32)
    sound = np.interp(np.arange(round(seconds * 16_000)) / 16_000, times, tone).astype(np.float32) / 8
    names = tuple(f"channel {number}" for number in range(channels))
    bio = Biosignal(eeg, RATE, names)
    return Signals(seconds, Pictures(), Sound(sound, 16_000), bio, bio)


def corpus(subjects: Sequence[int] = (1, 2, 3), per_label: int = 2, seconds: float = 4.0) -> Corpus:
    """Trials of two labels by turns, whose valence is that of the label."""
    trials = []
    for subject in subjects:
        for number in range(2 * per_label):
            label = number % 2
            part = signals(label, 100 * subject + number, seconds)
            trials.append(
                LabelledTrial(
                    name=f"subject {subject}, trial {number + 1}",
                    subject=str(subject),
                    read=lambda part=part: part,  # type: ignore[misc]
                    label=LABELS[label],
                    ratings={"valence": 2.0 + 5 * label, "arousal": 3.0 + number},
                )
            )
    return Corpus("made up", tuple(trials), LABELS, threshold=5.0)
