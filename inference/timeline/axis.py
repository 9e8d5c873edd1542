"""Marks of a time axis."""

import numpy as np

# Seconds between two marks of a time axis; those below a second are for an axis that is zoomed in.
TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def ticks(duration_s: float, max_ticks: int) -> list[float]:
    """Return round times (seconds) from 0 to `duration_s`, about `max_ticks` of them at most."""
    step = next((step for step in TICK_STEPS_S if step >= 1 and duration_s / step <= max_ticks), TICK_STEPS_S[-1])
    return [float(seconds) for seconds in np.arange(0, int(duration_s) + 1, step)]
