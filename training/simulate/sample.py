"""The EEG of the sample recording, in EAV's layout."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from training.simulate.eeg import EMOTIONS, record, simulate_subject

SEED = 2024
TRIALS = ("happy", "sad")


def write_sample(path: Path) -> None:
    """Write two simulated trials as `seg1` (10000, 30, 2), whole microvolts as int16: about 0.5 MB."""
    subject = simulate_subject(1, SEED)
    recorded = [record(subject, EMOTIONS.index(emotion), trial) for trial, emotion in enumerate(TRIALS)]
    seg1 = np.stack([trial.T for trial in recorded], axis=2)
    savemat(path, {"seg1": np.round(seg1).astype(np.int16)}, do_compression=True)
