"""BioSemi's BDF files, as DEAP and MAHNOB-HCI publish their originals, read by MNE."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DatasetError

STATUS = "Status"
_CODE = 0xFF  # of the Status channel's 24 bits, those of the trigger


@dataclass(frozen=True)
class BdfHeader:
    """What a file holds; `rate` in Hz."""

    channels: tuple[str, ...]
    rate: float
    samples: int

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.samples / self.rate


def read_header(path: Path) -> BdfHeader:
    """The header. Raises DatasetError for a file that is no BDF."""
    raw = _open(path)
    return BdfHeader(tuple(raw.ch_names), float(raw.info["sfreq"]), int(raw.n_times))


def read_channels(path: Path, channels: tuple[str, ...], start_s: float, seconds: float) -> NDArray[np.float32]:
    """The stretch (channels, samples): microvolt where the file counts in volts, else in the file's unit.

    Raises DatasetError for a channel that is not there, for a stretch beyond the recording, and for NaN or Inf.
    """
    raw = _open(path)
    if missing := [name for name in channels if name not in raw.ch_names]:
        raise DatasetError(f"{path}: has no channel {', '.join(missing)}")
    rate = float(raw.info["sfreq"])
    first, length = round(start_s * rate), round(seconds * rate)
    if first < 0 or first + length > raw.n_times:
        raise DatasetError(
            f"{path}: ends at {raw.n_times / rate:g} s, but {start_s:g} to {start_s + seconds:g} s are read"
        )
    samples: NDArray[np.float32] = _values(path, raw, channels, first, first + length).astype(np.float32)
    if not np.isfinite(samples).all():
        raise DatasetError(f"{path}: holds NaN or Inf between {start_s:g} and {start_s + seconds:g} s")
    return samples


@lru_cache(maxsize=4)
def onsets(path: Path, code: int) -> tuple[float, ...]:
    """The times, s, at which the trigger becomes `code`: that of the Status channel, or of the last one without it."""
    raw = _open(path)
    name = STATUS if STATUS in raw.ch_names else raw.ch_names[-1]
    values = _values(path, raw, (name,), 0, raw.n_times)[0]
    status = np.round(values).astype(np.int64) & _CODE
    begins = np.flatnonzero((status == code) & (np.concatenate([[0], status[:-1]]) != code))
    return tuple((begins / float(raw.info["sfreq"])).tolist())


def _values(path: Path, raw: Any, channels: tuple[str, ...], first: int, stop: int) -> NDArray[np.float64]:
    try:
        values = raw.get_data(picks=[raw.ch_names.index(name) for name in channels], start=first, stop=stop)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
    in_volts = [raw._orig_units[name] == "µV" for name in channels]
    return np.asarray(values * np.where(in_volts, 1e6, 1.0)[:, None])


def _open(path: Path) -> Any:
    import mne

    try:
        return mne.io.read_raw_bdf(path, verbose="error")
    except Exception as error:  # MNE raises what its parser meets
        raise DatasetError(f"{path}: not a BDF file: {' '.join(str(error).split())}") from error
