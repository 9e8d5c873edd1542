"""Discovery of the EEG in a MAT file: its array, axes, sampling rate, unit and channels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from inference.eeg.montage import CHANNELS, channel_rows, count_known
from inference.eeg.quality import parse_unit
from inference.errors import Code, InputError
from inference.matfile import MatFile, Variable, mat_objects_error

TRIAL_S = 20.0
EAV_KEYS = ("seg", "seg1")
EAV_RATE = 500.0  # Hz; the files of the data set do not contain it
EAV_SAMPLES = 10_000  # EAV_RATE * TRIAL_S
RATE_NAMES = {"sfreq", "fs", "srate", "samplingrate", "sampling_rate", "samplerate", "sample_rate", "fsample"}
RATES = (100.0, 20_000.0)  # Hz; lower rates do not cover the band up to 45 Hz
UNIT_NAMES = {"unit", "units", "chanunit"}
# fmt: off
CHANNEL_NAMES = {
    "channels", "channel_names", "channelnames", "chan_names", "channames", "chnames", "ch_names", "clab", "labels",
    "label", "chanlocs", "chanlabels", "electrodes", "electrode_names", "montage",
}
# fmt: on
TEXTS = frozenset(CHANNEL_NAMES | UNIT_NAMES)
CELLS = frozenset({"trial"})  # FieldTrip's

T = TypeVar("T")


@dataclass(frozen=True)
class ArrayLayout:
    """The EEG of a file: one array, or one array for each trial.

    `axis` is that of the channels and `rows` the positions of EAV's channels on it; `trials` is None for one continuous
    array. `sfreq` (Hz), `unit` and `names` (of the channels) are None where the file does not contain them.
    """

    arrays: tuple[Variable, ...]
    axis: int
    rows: tuple[int, ...]
    trials: int | None
    sfreq: float | None
    unit: str | None
    names: tuple[str, ...] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first array."""
        return self.arrays[0].shape

    def samples(self, trial: int = 1) -> int:
        """Return the length of a trial, or of the continuous array."""
        shape = self.arrays[trial - 1 if len(self.arrays) > 1 else 0].shape
        return squeezed_shape(shape)[1 - self.axis]

    @property
    def is_eav(self) -> bool:
        """Whether the array is in the layout of the EAV data set."""
        return self.arrays[0].name in EAV_KEYS and self.trials is not None


def find_layout(file: MatFile) -> ArrayLayout:
    """Find the EEG of a file.

    Raises InputError(NOT_MAT | MAT_OBJECTS | EEG_CHANNELS | EEG_SAMPLING_RATE | EEG_UNIT).
    """
    groups = _candidates(file)
    lists = _channel_lists(file)
    sizes = {len(CHANNELS), *(len(names) for names in lists.values() if count_known(names))}
    fitting = [group for group in groups if sizes & set(squeezed_shape(group[0].shape)[:2])]
    if not fitting:
        raise _no_channels_error(groups)
    if len(fitting) > 1:
        fitting = _keep_long_enough(file, fitting)
    if len(fitting) > 1:
        names = " and ".join(group[0].name for group in fitting[:3])
        raise InputError(
            Code.EEG_CHANNELS, f"The file holds several arrays that could be EEG, {names}. Leave only one."
        )
    arrays = fitting[0]
    channels, axis = _names_and_axis(file, lists, arrays[0])
    return ArrayLayout(
        arrays=arrays,
        axis=axis,
        rows=tuple(channel_rows(channels)) if channels else tuple(range(len(CHANNELS))),
        trials=_trials(arrays),
        sfreq=_rate(file, arrays[0]),
        unit=_unit(file, arrays[0], channels),
        names=channels,
    )


def squeezed_shape(shape: Sequence[int]) -> list[int]:
    """Return the shape without axes of length one, except for a matrix without such an axis."""
    return [size for size in shape if size != 1] if len(shape) > 2 or 1 in shape else list(shape)


def agreed_rate(rates: Iterable[float]) -> float:
    """Return the one rate (Hz) of equal rates. Raises InputError(EEG_SAMPLING_RATE)."""
    different = set(rates)
    if len(different) > 1:
        listed = " and ".join(f"{rate:g} Hz" for rate in sorted(different))
        raise InputError(Code.EEG_SAMPLING_RATE, f"The sampling rate is said to be {listed}. Give the right one alone.")
    (rate,) = different
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(
            Code.EEG_SAMPLING_RATE,
            f"A sampling rate of {rate:g} Hz cannot be read. Send EEG of {RATES[0]:g} to {RATES[1]:g} Hz.",
        )
    return rate


def _field_name(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _parent_name(name: str) -> str:
    return name.rpartition(".")[0]


def _candidates(file: MatFile) -> list[tuple[Variable, ...]]:
    """Return every array of two or three axes; the elements of one cell are a group."""
    groups: dict[str, list[Variable]] = {}
    for variable in file.variables:
        # EEGLAB's independent components are as long as the recording
        if 2 <= len(squeezed_shape(variable.shape)) <= 3 and not _field_name(variable.name).startswith("ica"):
            groups.setdefault(variable.name.split("{")[0], []).append(variable)
    if not groups:
        for name, what in file.unread.items():
            raise mat_objects_error(name, what)
        raise InputError(
            Code.NOT_MAT, "The MAT file holds no EEG: it has no array of channels by time. Save the recording in it."
        )
    return [tuple(group) for group in groups.values()]


def _no_channels_error(groups: list[tuple[Variable, ...]]) -> InputError:
    sizes = ", ".join(f"{group[0].name} {'x'.join(map(str, group[0].shape))}" for group in groups[:3])
    return InputError(
        Code.EEG_CHANNELS,
        f"The EEG must have {len(CHANNELS)} channels, but the file holds {sizes}. Send those of EAV, or name more "
        "channels than these in a variable `channels`.",
    )


def _keep_long_enough(file: MatFile, groups: list[tuple[Variable, ...]]) -> list[tuple[Variable, ...]]:
    """Return the groups of at least 20 s: positions of electrodes and markers are shorter. The first one if none is."""
    found = []
    for group in groups:
        rates = _rates(file, group[0])
        if max(squeezed_shape(group[0].shape)[:2]) >= TRIAL_S * (min(rates) if rates else RATES[0]):
            found.append(group)
    return found or groups[:1]


def _trials(arrays: tuple[Variable, ...]) -> int | None:
    if len(arrays) > 1:
        return len(arrays)
    shape = arrays[0].shape
    if arrays[0].name in EAV_KEYS and (len(shape) == 3 or shape == (EAV_SAMPLES, len(CHANNELS))):
        return shape[2] if len(shape) == 3 else 1  # MATLAB drops a last axis of one
    if len(squeezed_shape(shape)) < 3:
        return None
    if max(shape[:2]) < TRIAL_S * RATES[0]:
        raise InputError(
            Code.EEG_CHANNELS,
            f"The array {arrays[0].name} has three axes and no trial of {TRIAL_S:g} s. Send channels by time.",
        )
    return shape[2]


def _nearest_scope(found: dict[str, T], variable: Variable) -> dict[str, T]:
    """Return the entries in the scope of the array or an enclosing one; if there are none, those elsewhere."""
    inside = _parent_name(variable.name)
    around = {"", *(inside[:end] for end in range(len(inside) + 1) if end == len(inside) or inside[end] == ".")}
    lists_in = {name: value for name, value in found.items() if _parent_name(name) in around}
    return lists_in or {name: value for name, value in found.items() if ".hdr." not in f".{name}."}


def _rates(file: MatFile, variable: Variable) -> set[float]:
    named = {
        each.name: each
        for each in file.variables
        if _field_name(each.name) in RATE_NAMES and math.prod(each.shape) == 1
    }
    return {float(file.read(each).item()) for each in _nearest_scope(named, variable).values()}


def _rate(file: MatFile, variable: Variable) -> float | None:
    rates = _rates(file, variable)
    return agreed_rate(rates) if rates else None


def _unit(file: MatFile, variable: Variable, names: tuple[str, ...] | None) -> str | None:
    unit_texts = {name: rows for name, rows in file.texts.items() if _field_name(name) in UNIT_NAMES}
    found = set()
    for rows in _nearest_scope(unit_texts, variable).values():
        if names and len(rows) == len(names) > 1:
            rows = tuple(rows[row] for row in channel_rows(names))
        found |= {unit for row in rows if (unit := parse_unit(row))}
    if len(found) > 1:
        raise InputError(
            Code.EEG_UNIT, f"The file says that its unit is {' and '.join(sorted(found))}. Say the right one alone."
        )
    return found.pop() if found else None


def _channel_lists(file: MatFile) -> dict[str, tuple[str, ...]]:
    """Return the lists that can be names of channels; `EEG.chanlocs.labels` is listed as `EEG.chanlocs`."""
    found = {}
    for name, rows in file.texts.items():
        if _field_name(name) in CHANNEL_NAMES:
            key = _parent_name(name) if _field_name(_parent_name(name)) in CHANNEL_NAMES else name
            found[key] = _split(rows)
    return found


def _split(rows: tuple[str, ...]) -> tuple[str, ...]:
    """Split a single text that holds all names, such as `Fp1, Fp2, F7`."""
    if len(rows) != 1:
        return rows
    parts = tuple(part for part in rows[0].replace(",", " ").replace(";", " ").split() if part)
    return parts if len(parts) > 1 else rows


def _names_and_axis(
    file: MatFile, lists: dict[str, tuple[str, ...]], variable: Variable
) -> tuple[tuple[str, ...] | None, int]:
    shape = squeezed_shape(variable.shape)[:2]
    near = _nearest_scope(lists, variable)
    fitting = {names for names in near.values() if len(names) in shape}
    mentioned = [names for names in near.values() if count_known(names) and len(names) not in shape]
    # string arrays are objects that are not read; their order may differ from EAV's
    strings = ("of class string", "of class opaque")
    unread = [name for name, what in file.unread.items() if name.lower() in CHANNEL_NAMES and what in strings]
    if not fitting and mentioned:
        raise InputError(
            Code.EEG_CHANNELS,
            f"The file names {len(mentioned[0])} channels, but {variable.name} is "
            f"{'x'.join(map(str, variable.shape))}. Name each of its channels once.",
        )
    if not fitting and unread:
        raise InputError(
            Code.EEG_CHANNELS,
            f"The names of the channels, {unread[0]}, cannot be read: they are {file.unread[unread[0]]}. Save them as "
            "a cell array of text (cellstr).",
        )
    if not fitting:
        return None, shape.index(len(CHANNELS))
    orders = {tuple(channel_rows(names)) for names in fitting}
    if len(orders) > 1:
        raise InputError(Code.EEG_CHANNELS, "The file names its channels in two different orders. Leave one of them.")
    names = fitting.pop()
    return names, shape.index(len(names))
