"""EEG in MAT files: discovery, quality checks and the input of EEGNet."""

from inference.eeg.layout import EAV_KEYS, EAV_RATE, EAV_SAMPLES, TRIAL_S
from inference.eeg.montage import CHANNELS
from inference.eeg.reader import (
    LABEL_ROWS,
    EegInfo,
    EegOutline,
    cut_windows,
    inspect_eeg,
    read_labels,
    read_outline,
    read_trials,
    trial_starts,
)

__all__ = [
    "CHANNELS",
    "EAV_KEYS",
    "EAV_RATE",
    "EAV_SAMPLES",
    "LABEL_ROWS",
    "TRIAL_S",
    "EegInfo",
    "EegOutline",
    "cut_windows",
    "inspect_eeg",
    "read_labels",
    "read_outline",
    "read_trials",
    "trial_starts",
]
