"""Measures how long each stage of an analysis takes."""

import logging
import time
from collections import defaultdict

from inference.types import Stage
from webapp.observability.metrics import STAGE_SECONDS

logger = logging.getLogger(__name__)


class StageTimer:
    """Adds up the time between progress reports.

    A report accounts for the time since the previous one. A share of 0 begins a stage, and the time until then belongs
    to the stage before.
    """

    def __init__(self) -> None:
        """Start the clock."""
        self._seconds: dict[Stage, float] = defaultdict(float)
        self._stage: Stage | None = None
        self._reported = time.monotonic()

    def report(self, stage: Stage, share: float) -> None:
        """Account for the time since the last report."""
        self._add(stage if share or self._stage is None else self._stage)
        self._stage = stage

    def finish(self) -> None:
        """Export and log the seconds of each stage."""
        if self._stage is not None:
            self._add(self._stage)
        for stage, seconds in self._seconds.items():
            STAGE_SECONDS.labels(stage=stage).observe(seconds)
            logger.info("stage ended", extra={"stage": stage, "seconds": round(seconds, 3)})

    def _add(self, stage: Stage) -> None:
        now = time.monotonic()
        self._seconds[stage] += now - self._reported
        self._reported = now
