"""Windows of EEG trials, simulated or of EAV, computed once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.eeg import EAV_RATE, cut_windows
from inference.model_spec import EegSignalInput
from training.data import eav
from training.data.cache import cached
from training.data.labels import label_indices
from training.schema.eeg import SimulatedEEG
from training.simulate.eeg import EMOTIONS, Variation, record, session, simulate_subject

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trials:
    """Spoken trials: `windows` (N, 4, 30, 500) microvolt, `labels` (N,) indices, `subjects` (N,) numbers."""

    windows: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, rows: NDArray[np.bool_]) -> "Trials":
        """The trials of these rows."""
        return Trials(self.windows[rows], self.labels[rows], self.subjects[rows])


def recorded_trials(root: Path, subjects: Sequence[int], signal: EegSignalInput, labels: Sequence[str]) -> Trials:
    """The spoken trials of these subjects of EAV, preprocessed as `eeg` of a specification asks.

    They come from runs/ where the same files were preprocessed before.
    """
    parts = []
    for subject in eav.read_subjects(root, subjects):
        log.info("reading the EEG of subject %d", subject.number)
        facts = subject.eeg.stat()
        key = (str(subject.eeg.resolve()), facts.st_size, facts.st_mtime_ns, msgspec.to_builtins(signal))
        indices = label_indices([trial.label for trial in subject.trials], labels)
        arrays = cached("eeg", key, partial(_windows, subject, signal))
        parts.append(Trials(arrays["windows"], indices, np.full(len(indices), subject.number)))
    return _concatenated(parts)


def simulated_trials(config: SimulatedEEG, part: str) -> Trials:
    """The trials of the simulated subjects of a part, from runs/ where they were simulated before."""
    (first, last), count = getattr(config.split, part), getattr(config.trials_per_emotion, part)

    def compute() -> dict[str, np.ndarray]:
        return vars(_concatenated([simulated_subject(config, number, count) for number in range(first, last + 1)]))

    return Trials(**cached("simulated-eeg", (simulation_key(config), first, last, count), compute))


def simulation_key(config: SimulatedEEG) -> dict[str, Any]:
    """All that the trials of a simulated subject depend on beside the subject."""
    return {"simulation": msgspec.to_builtins(config.simulation), "eeg": msgspec.to_builtins(config.eeg)}


def simulated_subject(config: SimulatedEEG, number: int, count: int) -> Trials:
    """The first `count` spoken trials of each emotion in this subject's session."""
    log.info("simulating subject %d", number)
    variation = Variation(**msgspec.to_builtins(config.simulation.variation))
    subject = simulate_subject(number, config.simulation.seed, variation)
    order = np.array(session())
    chosen = np.sort(np.concatenate([np.flatnonzero(order == emotion)[:count] for emotion in range(len(EMOTIONS))]))
    trials = [cut_windows(record(subject, int(order[trial]), int(trial)), EAV_RATE, config.eeg) for trial in chosen]
    return Trials(np.stack(trials), order[chosen], np.full(len(chosen), number))


def _windows(subject: eav.Subject, signal: EegSignalInput) -> dict[str, np.ndarray]:
    return {"windows": np.stack([cut_windows(trial, EAV_RATE, signal) for trial in eav.read_eeg(subject)])}


def _concatenated(parts: Sequence[Trials]) -> Trials:
    return Trials(*(np.concatenate([vars(part)[name] for part in parts]) for name in ("windows", "labels", "subjects")))
