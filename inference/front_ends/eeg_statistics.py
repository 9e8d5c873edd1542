"""Statistics of two EEG channels, step by step, as the recurrent networks of the web report read them."""

from dataclasses import replace
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from inference.errors import Code, InputError
from inference.front_ends.eeg import FrontEnd as Filtered
from inference.front_ends.signals import Biosignal, Signals, recorded
from inference.front_ends.signals import FrontEnd as Base

STATISTICS = ("mean", "standard deviation", "skewness", "excess kurtosis", "minimum", "maximum")


class FrontEnd(Base, frozen=True, kw_only=True):
    """The report prints neither channels nor statistics: these are ours."""

    channels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("Fp1", "Fp2")
    """Names, in either case."""
    segment_s: float = 1.0
    step_s: float = 0.5

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """(steps, channels * 6): `STATISTICS` of each channel of each segment, between 0.5 and 45 Hz.

        A channel that does not change has neither skewness nor kurtosis: both are 0.
        """
        filtered = Filtered()
        eeg = self._picked(recorded(signals.eeg, "EEG"))
        window = filtered.compute(replace(signals, eeg=eeg), start_s, seconds)
        length, step = round(self.segment_s * filtered.rate), round(self.step_s * filtered.rate)
        if window.shape[1] < length:
            raise ValueError(f"a window of {seconds:g} s is shorter than a segment of {self.segment_s:g} s")
        segments = np.lib.stride_tricks.sliding_window_view(window.astype(np.float64), length, axis=1)[:, ::step]
        with np.errstate(invalid="ignore"):
            shape = [np.nan_to_num(moment(segments, axis=2)) for moment in (stats.skew, stats.kurtosis)]
        values = np.stack(
            [segments.mean(2), segments.std(2), *shape, segments.min(2), segments.max(2)], axis=2
        )  # (channels, steps, 6)
        return values.transpose(1, 0, 2).reshape(values.shape[1], -1).astype(np.float32)

    def _picked(self, eeg: Biosignal) -> Biosignal:
        rows = {name.lower(): row for row, name in enumerate(eeg.channels)}
        missing = [name for name in self.channels if name.lower() not in rows]
        if missing:
            raise InputError(
                Code.MODEL_UNSUITED, f"this model reads the EEG channel {missing[0]}, which the recording lacks"
            )
        return replace(eeg, samples=eeg.samples[[rows[name.lower()] for name in self.channels]], channels=self.channels)
