"""Features that a data set ships instead of computing them here, as SEED does."""

import numpy as np
from numpy.typing import NDArray

from inference.errors import Code, InputError
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals


class FrontEnd(Base, frozen=True, kw_only=True):
    """The defaults are SEED's differential entropy, smoothed by a linear dynamic system (Zheng and Lu 2015)."""

    features: str = "de_LDS"
    """Name in `Signals.features`."""
    window_s: float = 1.0
    """Of one row of the features."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Mean (...) of the rows (windows, ...) that the window covers.

        Raises InputError(MODEL_UNSUITED) where the data set does not ship the features, or has none at that time.
        """
        if self.features not in signals.features:
            have = ", ".join(sorted(signals.features)) or "none"
            raise InputError(
                Code.MODEL_UNSUITED, f"this model reads the features {self.features}; the recording has {have}"
            )
        rows = signals.features[self.features]
        first = round(start_s / self.window_s)
        last = first + max(round(seconds / self.window_s), 1)
        if last > len(rows):
            raise InputError(
                Code.MODEL_UNSUITED,
                f"this model reads the features {self.features}, which end at {len(rows) * self.window_s:g} s",
            )
        return np.asarray(rows[first:last].mean(0), np.float32)
