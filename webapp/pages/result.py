"""Everything that the result page shows of an analysis, as far as it is there."""

from typing import Any

from django.urls import reverse
from django.utils.text import slugify

from inference.errors import Code
from inference.export import WRITERS
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.pages import catalogue, drawing, words


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


def result(analysis: Analysis) -> dict[str, Any]:
    """All that there is to show, `progress` included."""
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
        "video_ready": selectors.labelled_video(analysis) is not None,
        "file_name": slugify(recording.title) or "recording",
        "timeline": timeline,
        "drawing": drawing.draw(timeline) if timeline else None,
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
