"""The lanes under the timeline, of markers and of the transcript, with what lists them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webapp.pages.timeline.forms import MarkerForm, MarkerImportForm, TranscriptImportForm
from webapp.recordings.models import Recording
from webapp.studies import selectors

MAX_DRAWN = 1000  # spans of a lane
MAX_LISTED = 500  # markers, or lines of a transcript
SPEECH = "speech"  # the kind of a transcript's spans


@dataclass(frozen=True)
class LaneSpan:
    """A span of a lane: `x` and `width` in percent of the recording, the latter 0 for a moment."""

    x: float
    width: float
    start_s: float
    kind: str
    text: str


def lane_spans(duration_s: float, spans: Iterable[tuple[float, float, str, str]]) -> list[LaneSpan]:
    """Return where spans (start, end, kind, text) of a recording of this length are drawn, the first MAX_DRAWN."""
    return [
        LaneSpan(100 * start_s / duration_s, 100 * (end_s - start_s) / duration_s, start_s, kind, text)
        for _, (start_s, end_s, kind, text) in zip(range(MAX_DRAWN), spans, strict=False)
    ]


def markers_context(recording: Recording, *, own: bool) -> dict[str, Any]:
    """Return the markers of a recording as a lane and a list, for its owner with forms."""
    markers = list(selectors.markers_on(recording))
    spans = ((each.start_s, each.end_s, each.kind, each.name or each.get_kind_display()) for each in markers)
    context = {
        "recording": recording,
        "markers": markers[:MAX_LISTED],
        "marker_count": len(markers),
        "marker_spans": lane_spans(recording.duration_s, spans),
        "may_mark": own,
    }
    if own:
        context |= {
            "marker_form": MarkerForm(),
            "marker_import_form": MarkerImportForm(),
            "marker_names": list(dict.fromkeys(marker.name for marker in markers if marker.name)),
        }
    return context


def transcript_context(recording: Recording, *, own: bool, words: str = "") -> dict[str, Any]:
    """Return the transcript of a recording as a lane, and the lines that contain all of the words as a list."""
    lines = list(selectors.transcript_of(recording))
    wanted = words.casefold().split()
    found = [line for line in lines if all(word in f"{line.speaker} {line.text}".casefold() for word in wanted)]
    spans = ((each.start_s, each.end_s, SPEECH, each.text) for each in lines)
    return {
        "recording": recording,
        "lines": found[:MAX_LISTED],
        "found_count": len(found),
        "line_count": len(lines),
        "speech_spans": lane_spans(recording.duration_s, spans),
        "words": words,
        "may_transcribe": own,
        "transcript_form": TranscriptImportForm() if own else None,
    }
