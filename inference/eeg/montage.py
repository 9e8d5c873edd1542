"""The channels of EEGNet and their names in files."""

import re
from collections.abc import Sequence

from inference.errors import Code, InputError

# fmt: off
CHANNELS = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "FC5", "FC1", "FC2", "FC6", "T7", "C3", "Cz", "C4", "T8",
    "CP5", "CP1", "CP2", "CP6", "P7", "P3", "Pz", "P4", "P8", "PO9", "O1", "Oz", "O2", "PO10",
)
# fmt: on
ALIASES = {"t3": "t7", "t4": "t8", "t5": "p7", "t6": "p8"}  # of the 10-20 system before 1991
_WANTED = {name.lower(): name for name in CHANNELS}
_AROUND = re.compile(r"^eeg[ _:-]*|[ _-]+(?:ref|le|re|av|avg|a1|a2|m1|m2)$")


def canonical(name: str) -> str:
    """Return a channel's name in lower case, without prefixes and references: `EEG T3-REF` is `t7`."""
    plain = _AROUND.sub("", name.strip().lower()).strip(" .'\"")
    return ALIASES.get(plain, plain)


def count_known(names: Sequence[str]) -> int:
    """Return how many of the names are channels of the montage."""
    return len({canonical(name) for name in names} & _WANTED.keys())


def channel_rows(names: Sequence[str]) -> list[int]:
    """Return the position of each channel of the montage in `names`. Raises InputError(EEG_CHANNELS)."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        found.setdefault(canonical(name), []).append(row)
    missing = [name for key, name in _WANTED.items() if key not in found]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(
            Code.EEG_CHANNELS,
            f"The file names its channels, and {', '.join(missing[:5])}{more} is not among them. "
            f"Send all {len(CHANNELS)} channels of EAV.",
        )
    for key, name in _WANTED.items():
        if len(found[key]) > 1:
            raise InputError(Code.EEG_CHANNELS, f"The file names the channel {name} twice. Leave one of them.")
    return [found[key][0] for key in _WANTED]
