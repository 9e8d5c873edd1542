"""Looks after what workers left behind."""

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webapp.analyses.reaper import reap, sweep

SWEEP_SECONDS = 3600
ENDING = {signal.SIGTERM, signal.SIGINT}


class Command(BaseCommand):
    help = "Queue again what lost its worker and remove files that belong to nothing. Once, or until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="repeat after so many seconds")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        if every is None:
            reap()
            sweep()
            return
        # Between two rounds is the only moment to end: no round is left half done.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        swept = float("-inf")
        while True:
            reap()
            if time.monotonic() - swept >= SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
            if signal.sigtimedwait(ENDING, every) is not None:
                return
