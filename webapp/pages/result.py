"""Everything that the result page shows of an analysis, as far as it is there."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.text import slugify

from inference.errors import Code
from inference.export import WRITERS
from inference.types import Segment, Source, Timeline
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.pages import catalogue, comparison, drawing, words
from webapp.pages.handover import handover
from webapp.pages.lanes import lanes
from webapp.pages.moments import read_alone

SEGMENTS_A_PAGE = 100


def progress(analysis: Analysis) -> dict[str, Any]:
    """How far it is. `have` names what a page that shows this has got: it changes when there is more to show."""
    ended = analysis.status not in Analysis.OPEN
    return {
        "analysis": analysis,
        "ended": ended,
        "stage": "" if ended else words.stage(analysis),
        "percent": words.percent(analysis),
        "input_at_fault": analysis.error_code in set(Code),
        "have": f"{analysis.timeline_at is not None:d}{ended:d}",
    }


def result(analysis: Analysis, page: str | None = None) -> dict[str, Any]:
    """All that there is to show, `progress` included; of the segments, one page."""
    recording = analysis.recording
    timeline = selectors.timeline(analysis)
    bar = drawing.parts(analysis.summary["share"]) if analysis.summary else ()
    return {
        **progress(analysis),
        "recording": recording,
        "demonstration": catalogue.marks().get((analysis.model_name, analysis.model_version)),
        "original_url": reverse("pages:original", args=[recording.pk]),
        "labelled_url": reverse("api:video", args=[analysis.pk]),
        "chapters_url": reverse("api:chapters", args=[analysis.pk]),
        "chapters_ready": selectors.video_with_chapters(analysis) is not None,
        "video_ready": selectors.labelled_video(analysis) is not None,
        "file_name": slugify(recording.title) or "recording",
        **(_read(timeline, page) if timeline else {}),
        "shares": bar,
        "leading": drawing.leading(bar),
        "exports": [
            {
                "words": words.EXPORTS[name],
                "extension": writer.extension,
                "url": reverse("api:export", args=[analysis.pk, name]),
            }
            for name, writer in WRITERS.items()
        ],
    }


def _read(timeline: Timeline, page: str | None) -> dict[str, Any]:
    sources = {window.source for window in timeline.windows} - {Source.FUSION}
    alone = {source: read_alone(timeline, source) for source in sources}
    stack = lanes(timeline, alone)
    return {
        "timeline": timeline,
        "drawing": drawing.draw(timeline, stack),
        "handover": handover(timeline, stack),
        "segments": _page(timeline, page),
        "corrected": comparison.with_machine(timeline),
        "transitions": comparison.transitions(timeline.segments),
        "agreement": comparison.agreement(alone[Source.AUDIO_VIDEO], alone[Source.EEG], len(timeline.labels))
        if len(alone) == 2
        else None,
    }


def _page(timeline: Timeline, number: str | None) -> Page[Segment]:
    return Paginator(timeline.segments, SEGMENTS_A_PAGE).get_page(number)
