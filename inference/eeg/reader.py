"""From EEG files to the input of EEGNet.

A file holds a recording in EAV's layout (time, channel, trial), 20 s trials at 500 Hz (Lee et al., Sci. Data 11, 1026,
2024), one continuous array of channels by time, or a structure of EEGLAB or FieldTrip with either.
The module imports quickly and without torch, for the web process validates files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.eeg.layout import CELLS, EAV_RATE, EAV_SAMPLES, TEXTS, TRIAL_S, ArrayLayout, agreed_rate, find_layout
from inference.eeg.montage import CHANNELS
from inference.eeg.quality import UNITS, assess_quality, parse_unit
from inference.errors import Code, InputError
from inference.matfile import MatFile, open_mat
from inference.model_spec import EegSignalInput
from inference.sandbox.client import sandboxed
from inference.types import EegFacts, EegInput

LABEL_ROWS = 10  # 2 * emotion + (1 if speaking)

Windows = NDArray[np.float32]


@dataclass(frozen=True)
class EegInfo:
    """An EEG recording. `trials` is None if it is continuous; `seconds` is the length of one trial or of the whole."""

    trials: int | None
    sfreq: float
    seconds: float
    facts: EegFacts | None = field(default=None, compare=False)


@dataclass(frozen=True)
class EegOutline:
    """The metadata of an EEG file; `sfreq` (Hz) and `unit` are None where it has none, `trials` if it is continuous.

    `shape` is that of the array in MATLAB, `seconds` the length of one trial or of the whole. `channels` are the names
    in the file's order, or EAV's in EAV's layout; `channel_order` is `names` or `assumed` as in EegFacts.
    """

    shape: tuple[int, ...]
    trials: int | None
    sfreq: float | None
    seconds: float | None
    channels: tuple[str, ...] | None
    unit: str | None = None
    channel_order: str = "assumed"


@sandboxed()
def read_outline(path: Path) -> EegOutline:
    """Return the metadata of an EEG file; its values are neither read nor checked.

    Raises what `inspect_eeg` raises.
    """
    with open_mat(path, TEXTS, CELLS) as file:
        layout = find_layout(file)
        sfreq = layout.sfreq or (EAV_RATE if _has_eav_length(layout) else None)
        seconds = layout.samples() / sfreq if sfreq else None
        channels = layout.names or (CHANNELS if layout.is_eav else None)
        order = "names" if layout.names else "assumed"
        return EegOutline(layout.shape, layout.trials, sfreq, seconds, channels, layout.unit, order)


@sandboxed()
def inspect_eeg(eeg: EegInput) -> EegInfo:
    """Validate an EEG file with its values and describe it.

    Raises InputError(EMPTY_FILE | NOT_MAT | MIXED_FILE | MAT_OBJECTS | TOO_LARGE | EEG_CHANNELS |
    EEG_NOT_FINITE | EEG_TRIAL | EEG_SAMPLING_RATE | EEG_LENGTH | EEG_UNIT | EEG_AMPLITUDE |
    EEG_QUALITY | READER_CRASHED | TOO_COSTLY).
    """
    with _open_recording(eeg) as recording:
        return recording.info


def trial_starts(seconds: float, trial_s: float) -> list[float]:
    """Return the starts of consecutive trials (s); the last one is aligned to the end of the recording."""
    starts = [index * trial_s for index in range(int(seconds // trial_s))]
    if starts and seconds - (starts[-1] + trial_s) > 1e-6:
        starts.append(seconds - trial_s)
    return starts


def read_trials(eeg: EegInput, signal: EegSignalInput) -> Iterator[Windows]:
    """Yield each trial as input of EEGNet: (windows, 30, samples) float32, microvolt.

    They begin at `trial_starts(inspect_eeg(eeg).seconds, signal.trial_s)`. Raises what `inspect_eeg` raises.
    """
    facts = inspect_eeg(eeg).facts
    assert facts is not None
    for values in _trial_values(eeg, signal.trial_s):
        yield cut_windows(values * UNITS[facts.unit], facts.sfreq, signal)


@sandboxed()
def _trial_values(eeg: EegInput, trial_s: float) -> Iterator[NDArray[Any]]:
    """Yield the values of each trial as stored, (30, trial_s * sfreq)."""
    with _open_recording(eeg) as recording:
        length = round(trial_s * recording.info.sfreq)
        for start_s in trial_starts(recording.info.seconds, trial_s):
            start = min(round(start_s * recording.info.sfreq), recording.values.shape[1] - length)
            yield recording.values[:, start : start + length]


def cut_windows(values: NDArray[Any], sfreq: float, signal: EegSignalInput) -> Windows:
    """Resample one trial (30, trial_s * sfreq), microvolt, band-pass it with zero phase and cut it into windows.

    Each trial is filtered alone: the published code filters the concatenated record, where trials leak into each other.
    """
    from scipy.signal import butter, resample_poly, sosfiltfilt

    rate = signal.sample_rate
    samples = round(signal.trial_s * rate)
    ratio = (Fraction(rate) / Fraction(sfreq)).limit_denominator(10_000)
    # padtype line: an offset would ring at both ends
    resampled = resample_poly(values.astype(np.float64), ratio.numerator, ratio.denominator, axis=1, padtype="line")
    resampled = resampled[:, :samples]
    resampled = np.pad(resampled, ((0, 0), (0, samples - resampled.shape[1])), mode="edge")
    band = butter(signal.order, signal.band_hz, btype="bandpass", output="sos", fs=rate)
    filtered = sosfiltfilt(band, resampled, axis=1).astype(np.float32)
    length = round(signal.window_s * rate)
    count = signal.windows
    return np.ascontiguousarray(filtered[:, : count * length].reshape(-1, count, length).swapaxes(0, 1))


def read_labels(path: Path) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read EAV's labels: each trial's emotion (T,), 0..4 for neutral, sad, angry, happy and calm, and if it is spoken.

    The array `label` is one-hot with a row for each of 2 * emotion + (1 if speaking), or its transpose.
    Raises InputError(EMPTY_FILE | NOT_MAT | MAT_OBJECTS).
    """
    with open_mat(path) as file:
        named = {variable.name: variable for variable in file.variables}
        one_hot = file.read(named["label"]) if "label" in named else np.empty((0, 0))
    if one_hot.ndim == 2 and one_hot.shape[0] != LABEL_ROWS:
        one_hot = one_hot.T
    if one_hot.ndim != 2 or one_hot.shape[0] != LABEL_ROWS or not ((one_hot != 0).sum(axis=0) == 1).all():
        raise InputError(
            Code.NOT_MAT, f"{path.name} is not an EAV label file. It needs a one-hot `label` (10, trials)."
        )
    rows = one_hot.argmax(axis=0)
    return rows // 2, rows % 2 == 1


@dataclass(frozen=True)
class _Recording:
    """The values (30, time) of the chosen trial, or of a continuous recording."""

    info: EegInfo
    values: NDArray[Any]


@contextmanager
def _open_recording(eeg: EegInput) -> Iterator[_Recording]:
    with open_mat(eeg.path, TEXTS, CELLS) as file:
        layout = find_layout(file)
        if layout.is_eav and layout.axis != 1:
            raise InputError(
                Code.EEG_CHANNELS,
                f"The EEG has {layout.shape[1]} channels where EAV's layout has {len(CHANNELS)}. Send those of EAV.",
            )
        trial = _check_trial(eeg.trial, layout.trials)
        sfreq = _sampling_rate(layout, eeg.sfreq)
        seconds = layout.samples(trial) / sfreq
        if seconds < TRIAL_S:
            raise InputError(
                Code.EEG_LENGTH, f"The EEG lasts {seconds:.1f} s at {sfreq:g} Hz. At least {TRIAL_S:g} s are needed."
            )
        unit = _agreed_unit(layout.unit, eeg.unit)
        values = _values(file, layout, trial)
    judged = assess_quality(values, sfreq, unit)
    facts = EegFacts(judged.unit, sfreq, "names" if layout.names else "assumed", judged.bad)
    yield _Recording(EegInfo(layout.trials, sfreq, seconds, facts), values)


def _values(file: MatFile, layout: ArrayLayout, trial: int) -> NDArray[Any]:
    """Return one trial, or the whole, as stored: (30, time)."""
    if len(layout.arrays) > 1:
        values = file.read(layout.arrays[trial - 1])
    elif len(layout.shape) == 3 and layout.trials is not None:
        values = file.read(layout.arrays[0], trial - 1)
    else:
        values = file.read(layout.arrays[0])
        values = values.reshape([size for size in values.shape if size != 1]) if values.ndim > 2 else values
    values = values.T if layout.axis == 1 else values
    return values if layout.rows == tuple(range(len(values))) else values[list(layout.rows)]


def _check_trial(trial: int | None, count: int | None) -> int:
    if trial is None:
        if count is not None and count > 1:
            raise InputError(
                Code.EEG_TRIAL, f"The file holds {count} trials. Say which one belongs to the video, from 1 to {count}."
            )
        return 1
    if not 1 <= trial <= (count or 1):
        have = f"{count} trials, counted from 1" if count and count > 1 else "one trial only"
        raise InputError(Code.EEG_TRIAL, f"There is no trial {trial}: the file holds {have}. Choose one that it has.")
    return trial


def _has_eav_length(layout: ArrayLayout) -> bool:
    return layout.is_eav and layout.samples() == EAV_SAMPLES


def _sampling_rate(layout: ArrayLayout, requested: float | None) -> float:
    rates = {rate for rate in (layout.sfreq, requested) if rate is not None}
    if layout.sfreq is None and _has_eav_length(layout):
        rates.add(EAV_RATE)
    if rates:
        return agreed_rate(rates)
    if layout.is_eav:
        raise InputError(
            Code.EEG_LENGTH,
            f"The trials have {layout.samples()} samples where EAV's layout has {EAV_SAMPLES} (20 s at 500 Hz). "
            "Give their sampling rate in Hz (eeg_sfreq) if it is another.",
        )
    raise InputError(Code.EEG_SAMPLING_RATE, "The EEG file does not say its sampling rate. Give it in Hz (eeg_sfreq).")


def _agreed_unit(stored: str | None, requested: str | None) -> str | None:
    unit = parse_unit(requested) if requested is not None else None
    if stored and unit and stored != unit:
        raise InputError(
            Code.EEG_UNIT, f"The file says that its unit is {stored}, but {unit} was given. Leave the wrong one out."
        )
    return stored or unit
