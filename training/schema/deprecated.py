"""Keys of the former release, accepted with a DeprecationWarning until the next one."""

import warnings
from typing import Any

RENAMED = {
    "rate": "lr",
    "batch": "batch_size",
    "known": "label_weight",
    "reserve_every": "holdout_every",
    "views": "augmentations",
    "seen_views": "augmentations_seen",
    "dropout": "modality_dropout",
    "mirror": "flip_tta",
    "less_speaker": "cepstral_mean_norm",
    "people": "subjects",
}
RENAMED_TASKS = {"eeg-within-people": "eeg-within-subject"}
_UNCHANGED = {"architecture", "eeg"}  # arguments of a network or of preprocessing


def renamed(config: Any) -> Any:
    """The configuration with the current keys in place of the former ones."""
    match config:
        case dict():
            found = {_current(key): value if key in _UNCHANGED else renamed(value) for key, value in config.items()}
            if found.get("task") in RENAMED_TASKS:
                found["task"] = _warned(found["task"], RENAMED_TASKS[found["task"]])
            return found
        case list():
            return [renamed(each) for each in config]
    return config


def _current(key: Any) -> Any:
    return _warned(key, RENAMED[key]) if key in RENAMED else key


def _warned(former: str, current: str) -> str:
    warnings.warn(f"{former} is now {current}; the next release refuses it", DeprecationWarning, stacklevel=2)
    return current
