"""How long each stage of an analysis takes."""

import logging
import time
from collections import defaultdict

from inference.types import Stage
from webapp.observability.metrics import STAGE_SECONDS

logger = logging.getLogger(__name__)


class StageTimer:
    """Adds up the time between reports of progress. A report is of what was done since the one before; only a share
    of 0 begins something, and what was done until then was the stage before.
    """

    def __init__(self) -> None:
        self._seconds: dict[Stage, float] = defaultdict(float)
        self._stage: Stage | None = None
        self._reported = time.monotonic()

    def report(self, stage: Stage, share: float) -> None:
        self._add(stage if share or self._stage is None else self._stage)
        self._stage = stage

    def end(self) -> None:
        """The work is done: count and log what each stage took."""
        if self._stage is not None:
            self._add(self._stage)
        for stage, seconds in self._seconds.items():
            STAGE_SECONDS.observe(seconds, stage=stage)
            logger.info("stage ended", extra={"stage": stage, "seconds": round(seconds, 3)})

    def _add(self, stage: Stage) -> None:
        now = time.monotonic()
        self._seconds[stage] += now - self._reported
        self._reported = now
