"""The progress of an analysis, and how often a page asks for it."""

from typing import Any

from django.utils import timezone

from inference.errors import Code
from webapp.analyses.models import Analysis
from webapp.core.conditional import etag_of
from webapp.pages import display_names

FASTEST_POLL_S, SLOWEST_POLL_S, POLLS_PER_AGE = 1, 10, 15


def progress_context(analysis: Analysis) -> dict[str, Any]:
    """Return the progress. `state` names what a page with this context shows; it changes when there is more to show.

    `etag` changes with anything that the progress shows, and with the interval of polling.
    """
    ended = analysis.status not in Analysis.OPEN
    stage, percent = "" if ended else display_names.stage(analysis), display_names.percent(analysis)
    state, poll_s = f"{analysis.timeline_at is not None:d}{ended:d}", poll_interval_s(analysis)
    return {
        "analysis": analysis,
        "ended": ended,
        "stage": stage,
        "percent": percent,
        "input_at_fault": analysis.error_code in set(Code),
        "state": state,
        "poll_s": poll_s,
        "etag": etag_of("progress", analysis.pk, analysis.status, stage, percent, state, poll_s),
    }


def poll_interval_s(analysis: Analysis) -> int:
    """Return after how many seconds a page asks again, which grows with the analysis' age."""
    age_s = (timezone.now() - analysis.created_at).total_seconds()
    return min(max(int(age_s / POLLS_PER_AGE), FASTEST_POLL_S), SLOWEST_POLL_S)
