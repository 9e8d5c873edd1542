"""Looks after what workers left behind."""

import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webapp.analyses.execution.reaper import reap, sweep
from webapp.analyses.privacy import account_deletion
from webapp.analyses.privacy.expiry import BATCH_SIZE, erase_expired
from webapp.core.isolation import log_and_continue

SWEEP_SECONDS = 3600


class Command(BaseCommand):
    help = "Queue again what lost its worker; remove what expired or belongs to nothing. Once, or until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="repeat after so many seconds")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        if every is None:
            reap()
            sweep()
            while erase_expired() == BATCH_SIZE:
                pass
            account_deletion.continue_pending(seconds=float("inf"))
            return
        told = False

        def end(*_: Any) -> None:
            nonlocal told
            told = True
            sys.exit(0)

        # Ending in the middle of a round does no harm: the next one finds what this one left. Where that is lost, as
        # in an object's last method, the end of the round is soon enough.
        signal.signal(signal.SIGTERM, end)
        swept = purged = float("-inf")
        while not told:
            with log_and_continue("what lost its worker"):
                reap()
            with log_and_continue("what belongs to nothing"):
                if time.monotonic() - swept >= SWEEP_SECONDS:
                    sweep()
                    swept = time.monotonic()
            with log_and_continue("what is kept no longer"):
                # Of many, some at a time: what lost its worker does not wait for them.
                if time.monotonic() - purged >= SWEEP_SECONDS and erase_expired() < BATCH_SIZE:
                    purged = time.monotonic()
            with log_and_continue("accounts that end"):
                account_deletion.continue_pending()
            time.sleep(every)
