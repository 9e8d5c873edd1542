"""Linear axes with round ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

MAX_TICKS = 6
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: its position in pixels and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`, which may be the smaller one."""

    low: float
    high: float
    step: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The round values, both ends included."""
        exponent = floor(log10(self.step) + 1e-9)
        quarters = round(self.step / 10.0**exponent, 6) == 2.5
        decimals = max(0, quarters - exponent)
        count = round((self.high - self.low) / self.step)
        values = [self.low + index * self.step for index in range(count + 1)]
        return tuple(Tick(self.at(value), f"{value + 0.0:.{decimals}f}") for value in values)


def linear_scale(values: Sequence[float], *, start: float, end: float) -> Scale:
    """Return an axis from a round value at or below all values to one at or above them."""
    low, high = min(values), max(values)
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / (MAX_TICKS - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough * (1 - 1e-9))
    return Scale(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, start, end)
