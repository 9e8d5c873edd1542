"""Recovers analyses and deletes expired data."""

import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from webapp.analyses.execution.reaper import reap, sweep
from webapp.analyses.privacy import account_deletion
from webapp.analyses.privacy.expiry import BATCH_SIZE, erase_expired
from webapp.core.isolation import log_and_continue
from webapp.observability import metrics

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
        metrics.expose(settings.METRICS_PORT)
        stop_requested = False

        def stop(*_: Any) -> None:
            nonlocal stop_requested
            stop_requested = True
            sys.exit(0)

        # A round may be interrupted: the next one finds what it left. If the exception gets lost, as in a finaliser,
        # the loop ends after the round.
        signal.signal(signal.SIGTERM, stop)
        swept = purged = float("-inf")
        while not stop_requested:
            with log_and_continue("lost analyses"):
                reap()
            with log_and_continue("orphaned files"):
                if time.monotonic() - swept >= SWEEP_SECONDS:
                    sweep()
                    swept = time.monotonic()
            with log_and_continue("expired recordings"):
                # In batches, so that lost analyses do not wait.
                if time.monotonic() - purged >= SWEEP_SECONDS and erase_expired() < BATCH_SIZE:
                    purged = time.monotonic()
            with log_and_continue("account deletions"):
                account_deletion.continue_pending()
            time.sleep(every)
