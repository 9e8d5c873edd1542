"""Plausibility of EEG values and of their unit.

Between 0.5 and 45 Hz, scalp EEG has a robust amplitude of about 3 to 60 microvolts, awake or asleep (the sample has
7); an amplifier's offset, up to 100 millivolts, is outside that band. PLAUSIBLE has a margin on both sides. Units
differ by a factor of a thousand, so that their ranges do not overlap; values between two ranges have no unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.eeg.montage import CHANNELS
from inference.errors import Code, InputError
from inference.types import BadChannel, EegFacts

UNITS = {"uV": 1.0, "mV": 1e3, "V": 1e6, "nV": 1e-3}  # in microvolts
UNIT_NAMES = {"uV": "microvolts", "mV": "millivolts", "V": "volts", "nV": "nanovolts"}
PLAUSIBLE = (0.5, 120.0)  # microvolts
BAND_HZ = (0.5, 45.0)
BLOCK_S = 20.0
MAX_BLOCKS = 30  # evenly spread: ten minutes of a long recording
FLAT, NOISY = 0.05, 10.0  # times the amplitude of the recording
CLIPPED = 0.01  # share of samples at an end of the range, three or more in a row
MAX_BAD = 1 / 3  # share of the channels
_SPELLINGS = {
    spelling: unit
    for unit, word in UNIT_NAMES.items()
    for spelling in (unit.lower(), word, word[:-1], f"{word[:-1]}(s)")
}
_UNKNOWN = {"", "unknown", "n/a", "none"}


@dataclass(frozen=True)
class QualityReport:
    """The unit of the values and the channels that are hardly EEG."""

    unit: str
    bad: tuple[BadChannel, ...]


def parse_unit(text: str) -> str | None:
    """Return the unit of a spelling, None for `unknown`. Raises InputError(EEG_UNIT)."""
    plain = text.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u").lower()
    if plain in _UNKNOWN:
        return None
    if plain not in _SPELLINGS:
        raise InputError(
            Code.EEG_UNIT,
            f"The unit of the EEG is said to be {text.strip()[:20]!r}, which is none that is read. "
            "Convert it to microvolts, or say uV, mV, V or nV.",
        )
    return _SPELLINGS[plain]


def assess_quality(values: NDArray[Any], sfreq: float, unit: str | None) -> QualityReport:
    """Check values (30, time) in EAV's order of channels; without a `unit` they must be microvolts.

    Raises InputError(EEG_NOT_FINITE | EEG_UNIT | EEG_AMPLITUDE | EEG_QUALITY).
    """
    if not np.isfinite(values).all():
        raise InputError(
            Code.EEG_NOT_FINITE, "The EEG holds values that are not numbers (NaN or Inf). Cut or mend those stretches."
        )
    constant = np.array([row.min() == row.max() for row in values])
    if constant.mean() > MAX_BAD:
        raise _too_many_bad([BadChannel(CHANNELS[row], "flat") for row in np.flatnonzero(constant)])
    sizes = robust_amplitudes(values, sfreq)
    sizes[constant] = 0
    # a few channels without a signal, or of noise, must not affect the unit
    alive = sizes[sizes > FLAT * np.quantile(sizes, 0.75)]
    amplitude = float(np.median(alive)) if len(alive) else 0.0
    bad = tuple(_bad_channels(values, sizes, amplitude))
    _check_unit(amplitude, unit, whole=_are_integers(values))
    if len(bad) > MAX_BAD * len(values):
        raise _too_many_bad(bad)
    return QualityReport(unit or "uV", bad)


def robust_amplitudes(values: NDArray[Any], sfreq: float) -> NDArray[np.float64]:
    """Return for each channel 1.4826 times the median absolute deviation of 0.5 to 45 Hz, over blocks of 20 s."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(4, BAND_HZ, btype="bandpass", output="sos", fs=sfreq)
    length = min(round(BLOCK_S * sfreq), values.shape[1])
    starts = np.linspace(0, values.shape[1] - length, min(MAX_BLOCKS, max(1, values.shape[1] // length))).astype(int)
    sizes = []
    for start in starts:
        block = values[:, start : start + length].astype(np.float64)
        block -= np.median(block, axis=1, keepdims=True)
        filtered = sosfiltfilt(band, block, axis=1)
        filtered -= np.median(filtered, axis=1, keepdims=True)
        sizes.append(1.4826 * np.median(np.abs(filtered), axis=1))
    return np.asarray(np.median(sizes, axis=0), np.float64)


def _bad_channels(values: NDArray[Any], sizes: NDArray[np.float64], amplitude: float) -> list[BadChannel]:
    found = []
    for name, row, size in zip(CHANNELS, values, sizes, strict=True):
        if size <= FLAT * amplitude:
            found.append(BadChannel(name, "flat"))
        elif _is_clipped(row):
            found.append(BadChannel(name, "clipped"))
        elif size > NOISY * amplitude:
            found.append(BadChannel(name, "noisy"))
    return found


def _is_clipped(row: NDArray[Any]) -> bool:
    for end in (row.min(), row.max()):
        there = row == end
        if (there[2:] & there[1:-1] & there[:-2]).mean() > CLIPPED:
            return True
    return False


def _are_integers(values: NDArray[Any]) -> bool:
    some = values[:, :: max(1, values.shape[1] // 1000)]
    return bool((some == np.round(some)).all())


def _check_unit(amplitude: float, unit: str | None, *, whole: bool) -> None:
    low, high = PLAUSIBLE
    if low <= amplitude * UNITS[unit or "uV"] <= high:
        return
    if unit is not None:
        raise InputError(
            Code.EEG_AMPLITUDE,
            f"Read as {UNIT_NAMES[unit]}, the EEG has a typical amplitude of {amplitude * UNITS[unit]:.3g} microvolts, "
            f"where EEG has {low:g} to {high:g}. Say its true unit, or send other values.",
        )
    if amplitude > high and whole:
        raise InputError(
            Code.EEG_UNIT,
            f"The EEG's values look like raw counts of an amplifier: their typical size is {amplitude:.3g}. Multiply "
            "them by the amplifier's resolution, in microvolts a count, and send that.",
        )
    for other, factor in UNITS.items():
        if low <= amplitude * factor <= high:
            raise InputError(
                Code.EEG_UNIT,
                f"The EEG's values look like {UNIT_NAMES[other]}, not microvolts. Multiply them by {factor:.10g}, or "
                f"say the unit (eeg_unit={other}).",
            )
    raise InputError(
        Code.EEG_AMPLITUDE,
        f"The EEG's typical amplitude is {amplitude:.3g}, which EEG has in no unit: in microvolts it has {low:g} to "
        f"{high:g}. Check that the array holds EEG and convert it to microvolts.",
    )


def describe(facts: EegFacts) -> str:
    """Return the facts of an EEG as sentences."""
    sentences = [f"EEG in {UNIT_NAMES[facts.unit]} at {facts.sfreq:g} Hz."]
    if facts.channel_order == "assumed":
        sentences.append("The file names no channels: they were read in EAV's order.")
    if facts.bad_channels:
        listed = _listed(facts.bad_channels)
        sentences.append(f"Read, but hardly EEG: {listed}.")
    return " ".join(sentences)


def _too_many_bad(bad: Sequence[BadChannel]) -> InputError:
    listed = _listed(bad[:5])
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    return InputError(
        Code.EEG_QUALITY,
        f"{len(bad)} of {len(CHANNELS)} channels cannot be EEG: {listed}{more}. Send a recording whose channels have "
        "a signal.",
    )


def _listed(channels: Sequence[BadChannel]) -> str:
    return ", ".join(f"{channel.name} ({channel.reason})" for channel in channels)
