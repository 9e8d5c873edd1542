"""EEG files to EEGNet's input.

Two kinds of file are read: a recording in EAV's layout (time, channel, trial), 20 s trials at 500 Hz
(Lee et al., Sci. Data 11, 1026, 2024), and one continuous array of 30 channels at any rate.
Values are microvolts. Imports quickly and without torch, for the web process checks files with it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import Code, InputError
from inference.matfile import MatFile, Variable, open_mat
from inference.sandbox.calls import sandboxed
from inference.types import EegInput

# fmt: off
CHANNELS = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "FC5", "FC1", "FC2", "FC6", "T7", "C3", "Cz", "C4", "T8",
    "CP5", "CP1", "CP2", "CP6", "P7", "P3", "Pz", "P4", "P8", "PO9", "O1", "Oz", "O2", "PO10",
)
# fmt: on
TRIAL_S = 20.0
EAV_KEYS = ("seg", "seg1")
EAV_RATE = 500.0  # Hz; the files themselves do not say
EAV_SAMPLES = 10_000  # EAV_RATE * TRIAL_S
LABEL_ROWS = 10  # 2 * emotion + (1 if speaking)
RATE_NAMES = {"sfreq", "fs", "srate", "samplingrate", "sampling_rate", "samplerate", "sample_rate", "fsample"}
RATES = (100.0, 20_000.0)  # Hz; below it the band that is read, up to 45 Hz, would not be whole

Windows = NDArray[np.float32]


@dataclass(frozen=True)
class EegInfo:
    """`trials` is None for a continuous recording; `seconds` is the length of one trial or of the whole."""

    trials: int | None
    sfreq: float
    seconds: float


@dataclass(frozen=True)
class EegOutline:
    """What a file says of itself. None where it does not: `trials` and `channels` outside EAV's layout, `sfreq` (Hz).

    `shape` is the array's as MATLAB shows it; `seconds` the length of one trial or of the whole.
    """

    shape: tuple[int, ...]
    trials: int | None
    sfreq: float | None
    seconds: float | None
    channels: tuple[str, ...] | None


@sandboxed()
def outline(path: Path) -> EegOutline:
    """Look into an EEG file before it is known how to read it: its values are neither read nor checked.

    Raises what `inspect` raises.
    """
    with open_mat(path) as file:
        variable = _eeg_variable(file)
        if _is_eav(variable):
            trials = (*variable.shape, 1)[2]
            return EegOutline(variable.shape, trials, EAV_RATE, TRIAL_S, CHANNELS)
        rates = _named_rates(file)
        sfreq = _the_one(rates) if rates else None
        samples = _samples(_plain_shape(variable))
        return EegOutline(variable.shape, None, sfreq, samples / sfreq if sfreq else None, None)


@sandboxed()
def inspect(eeg: EegInput) -> EegInfo:
    """Check a whole EEG file, values too, and say what it holds.

    Raises InputError(EMPTY_FILE | NOT_MAT | MIXED_FILE | MAT_OBJECTS | TOO_LARGE | EEG_CHANNELS |
    EEG_NOT_FINITE | EEG_TRIAL | EEG_SAMPLING_RATE | EEG_LENGTH | READER_CRASHED | TOO_COSTLY).
    """
    with _opened(eeg) as recording:
        return recording.info


def trial_starts(seconds: float, trial_s: float) -> list[float]:
    """Where the trials of a recording begin (s): end to end, the last one aligned to the end."""
    starts = [index * trial_s for index in range(int(seconds // trial_s))]
    if starts and seconds - (starts[-1] + trial_s) > 1e-6:
        starts.append(seconds - trial_s)
    return starts


def trials(eeg: EegInput, eeg_spec: Mapping[str, Any]) -> Iterator[Windows]:
    """The recording's trials, each as EEGNet reads it: (windows, 30, samples) float32, microvolt.

    They begin at `trial_starts(inspect(eeg).seconds, eeg_spec["trial_s"])`. Raises what `inspect` raises.
    """
    sfreq = inspect(eeg).sfreq
    for values in _trial_values(eeg, eeg_spec["trial_s"]):
        yield windows(values, sfreq, eeg_spec)


@sandboxed()
def _trial_values(eeg: EegInput, trial_s: float) -> Iterator[NDArray[Any]]:
    """The trials' values as stored, (30, trial_s * sfreq)."""
    with _opened(eeg) as recording:
        length = round(trial_s * recording.info.sfreq)
        for start_s in trial_starts(recording.info.seconds, trial_s):
            start = min(round(start_s * recording.info.sfreq), recording.values.shape[1] - length)
            yield recording.values[:, start : start + length]


def windows(values: NDArray[Any], sfreq: float, eeg_spec: Mapping[str, Any]) -> Windows:
    """One trial (30, trial_s * sfreq), microvolt, resampled, band-passed without delay and cut into windows.

    A trial is filtered by itself: the published code filters the concatenated record and lets one
    trial leak into the next.
    """
    from scipy.signal import butter, resample_poly, sosfiltfilt

    rate = eeg_spec["sample_rate"]
    samples = round(eeg_spec["trial_s"] * rate)
    ratio = (Fraction(rate) / Fraction(sfreq)).limit_denominator(10_000)
    # a line is taken out meanwhile, so that an offset does not ring at both ends
    resampled = resample_poly(values.astype(np.float64), ratio.numerator, ratio.denominator, axis=1, padtype="line")
    resampled = resampled[:, :samples]
    resampled = np.pad(resampled, ((0, 0), (0, samples - resampled.shape[1])), mode="edge")
    band = butter(eeg_spec["order"], eeg_spec["band_hz"], btype="bandpass", output="sos", fs=rate)
    filtered = sosfiltfilt(band, resampled, axis=1).astype(np.float32)
    length = round(eeg_spec["window_s"] * rate)
    count = eeg_spec["windows"]
    return np.ascontiguousarray(filtered[:, : count * length].reshape(-1, count, length).swapaxes(0, 1))


def read_labels(path: Path) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """EAV's label file: each trial's emotion (T,), 0..4 for neutral, sad, angry, happy, calm, and whether it is spoken.

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
    """What of a file is read: the chosen trial, or all of a continuous array; `values` (30, time)."""

    info: EegInfo
    values: NDArray[Any]


@contextmanager
def _opened(eeg: EegInput) -> Iterator[_Recording]:
    with open_mat(eeg.path) as file:
        variable = _eeg_variable(file)
        recording = _eav_trial(file, variable, eeg) if _is_eav(variable) else _continuous(file, variable, eeg)
    if not np.isfinite(recording.values).all():
        raise InputError(
            Code.EEG_NOT_FINITE, "The EEG holds values that are not numbers (NaN or Inf). Cut or mend those stretches."
        )
    yield recording


def _is_eav(variable: Variable) -> bool:
    return variable.name in EAV_KEYS and (
        len(variable.shape) == 3 or variable.shape == (EAV_SAMPLES, len(CHANNELS))  # MATLAB drops a last axis of one
    )


def _eeg_variable(file: MatFile) -> Variable:
    arrays = [variable for variable in file.variables if sum(size > 1 for size in variable.shape) >= 2]
    fitting = [variable for variable in arrays if len(CHANNELS) in variable.shape[:2]]
    if not arrays:
        raise InputError(
            Code.NOT_MAT, "The MAT file holds no EEG: it has no array of channels by time. Save the recording in it."
        )
    if not fitting:
        sizes = ", ".join(f"{variable.name} {'x'.join(map(str, variable.shape))}" for variable in arrays[:3])
        raise InputError(
            Code.EEG_CHANNELS,
            f"The EEG must have {len(CHANNELS)} channels, but the file holds {sizes}. Send those of EAV.",
        )
    if len(fitting) > 1:
        names = " and ".join(variable.name for variable in fitting[:3])
        raise InputError(
            Code.EEG_CHANNELS, f"The file holds several arrays of 30 channels, {names}. Leave only the EEG."
        )
    return fitting[0]


def _eav_trial(file: MatFile, variable: Variable, eeg: EegInput) -> _Recording:
    samples, channels, count = (*variable.shape, 1)[:3]
    if channels != len(CHANNELS):
        raise InputError(
            Code.EEG_CHANNELS,
            f"The EEG has {channels} channels where EAV's layout has {len(CHANNELS)}. Send those of EAV.",
        )
    if samples != EAV_SAMPLES:
        raise InputError(
            Code.EEG_LENGTH,
            f"The trials have {samples} samples where EAV's layout has {EAV_SAMPLES} (20 s at 500 Hz). "
            "Send another recording as one array of channels by time.",
        )
    if eeg.sfreq is not None and eeg.sfreq != EAV_RATE:
        raise InputError(
            Code.EEG_SAMPLING_RATE,
            f"A file in EAV's layout is sampled at 500 Hz, but {eeg.sfreq:g} Hz was given. Leave the rate out.",
        )
    if eeg.trial is None and count > 1:
        raise InputError(
            Code.EEG_TRIAL, f"The file holds {count} trials. Say which one belongs to the video, from 1 to {count}."
        )
    trial = _checked_trial(eeg.trial, count)
    values = file.read(variable, trial - 1 if len(variable.shape) == 3 else None)
    return _Recording(EegInfo(count, EAV_RATE, TRIAL_S), values.T)


def _checked_trial(trial: int | None, count: int) -> int:
    if trial is None:
        return 1
    if not 1 <= trial <= count:
        have = f"{count} trials, counted from 1" if count > 1 else "one trial only"
        raise InputError(Code.EEG_TRIAL, f"There is no trial {trial}: the file holds {have}. Choose one that it has.")
    return trial


def _continuous(file: MatFile, variable: Variable, eeg: EegInput) -> _Recording:
    shape = _plain_shape(variable)
    _checked_trial(eeg.trial, 1)
    sfreq = _sampling_rate(file, eeg.sfreq)
    seconds = _samples(shape) / sfreq
    if seconds < TRIAL_S:
        raise InputError(
            Code.EEG_LENGTH, f"The EEG lasts {seconds:.1f} s at {sfreq:g} Hz. At least {TRIAL_S:g} s are needed."
        )
    values = file.read(variable).reshape(shape)
    return _Recording(EegInfo(None, sfreq, seconds), values if shape[0] == len(CHANNELS) else values.T)


def _plain_shape(variable: Variable) -> list[int]:
    shape = [size for size in variable.shape if size != 1]
    if len(shape) != 2:
        raise InputError(
            Code.EEG_CHANNELS,
            f"The array {variable.name} has {len(shape)} axes. Send channels by time, or EAV's layout under `seg1`.",
        )
    return shape


def _samples(shape: Sequence[int]) -> int:
    """The length of an array of 30 channels by time, either way round."""
    return shape[0] if shape[1] == len(CHANNELS) else shape[1]


def _named_rates(file: MatFile) -> set[float]:
    return {
        float(file.read(variable).item())
        for variable in file.variables
        if variable.name.lower() in RATE_NAMES and math.prod(variable.shape) == 1
    }


def _sampling_rate(file: MatFile, given: float | None) -> float:
    rates = _named_rates(file) | ({given} if given is not None else set())
    if not rates:
        raise InputError(
            Code.EEG_SAMPLING_RATE, "The EEG file does not say its sampling rate. Give it in Hz (eeg_sfreq)."
        )
    return _the_one(rates)


def _the_one(rates: set[float]) -> float:
    if len(rates) > 1:
        listed = " and ".join(f"{rate:g} Hz" for rate in sorted(rates))
        raise InputError(Code.EEG_SAMPLING_RATE, f"The sampling rate is said to be {listed}. Give the right one alone.")
    (rate,) = rates
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(
            Code.EEG_SAMPLING_RATE,
            f"A sampling rate of {rate:g} Hz cannot be read. Send EEG of {RATES[0]:g} to {RATES[1]:g} Hz.",
        )
    return rate
