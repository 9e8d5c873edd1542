"""Everything that the result page shows of an analysis, as far as it is there."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.urls import reverse

from inference.errors import Code
from inference.export import WRITERS
from inference.timeline.agreement import correction_agreement, grid_agreement, transitions
from inference.timeline.corrections import labels_between
from inference.timeline.sampling import source_labels_on_grid
from inference.timeline.summary import label_shares, summary
from inference.types import UNDETERMINED, Segment, Source, Timeline
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.analyses.permissions import AnalysisAccess
from webapp.core.file_names import recording_name
from webapp.pages import display_names, model_cards
from webapp.pages.timeline import svg
from webapp.pages.timeline.payload import handover
from webapp.pages.timeline.tiers import lanes

SEGMENTS_A_PAGE = 100


def progress(analysis: Analysis) -> dict[str, Any]:
    """How far it is. `have` names what a page that shows this has got: it changes when there is more to show."""
    ended = analysis.status not in Analysis.OPEN
    return {
        "analysis": analysis,
        "ended": ended,
        "stage": "" if ended else display_names.stage(analysis),
        "percent": display_names.percent(analysis),
        "input_at_fault": analysis.error_code in set(Code),
        "have": f"{analysis.timeline_at is not None:d}{ended:d}",
    }


class Average(NamedTuple):
    """A label over the whole recording: its share of the time, and its mean probability if anything was determined."""

    label: str
    share: float
    mean: float | None


class Places:
    """The addresses that a page about an analysis leads to: the account's, or with a secret those below the link."""

    def __init__(self, analysis: Analysis, secret: str | None = None) -> None:
        self._analysis, self._secret = analysis, secret

    def beside(self, analyses: Iterable[Analysis]) -> list[tuple[Analysis, str]]:
        """Every analysis of the recording with the address of its page."""
        return [(each, Places(each, self._secret)._at("pages:result", "result")) for each in analyses]

    @property
    def live(self) -> str:
        return self._at("pages:live", "live")

    @property
    def labelled(self) -> str:
        return self._at("api:video", "video")

    @property
    def chapters(self) -> str:
        return self._at("api:chapters", "chapters")

    @property
    def faces(self) -> str:
        return self._at("api:faces", "faces")

    def export(self, name: str) -> str:
        return self._at("api:export", "export", name)

    def _at(self, own: str, by_link: str, *more: str) -> str:
        if self._secret is None:
            return reverse(own, args=[self._analysis.pk, *more])
        return reverse(f"pages:link-{by_link}", args=[self._secret, self._analysis.pk, *more])


def news(seen: AnalysisAccess, places: Places, have: str) -> dict[str, Any]:
    """How far it is. What the page has not got yet (`have`) comes along and takes its place.

    A timeline that is there already stays: somebody may be in the midst of it.
    """
    context = progress(seen.analysis)
    if context["have"] != have:
        return result(seen, places) | {"swap": True, "swap_timeline": context["have"][:1] != have[:1]}
    return context | {"seen": seen, "places": places}


def result(seen: AnalysisAccess, places: Places, page: str | None = None) -> dict[str, Any]:
    """All that there is to show, `progress` included; of the segments, one page."""
    analysis = seen.analysis
    recording = analysis.recording
    timeline = selectors.timeline(analysis)
    bar = svg.parts(analysis.summary["share"]) if analysis.summary else ()
    return {
        **progress(analysis),
        "seen": seen,
        "places": places,
        "recording": recording,
        "demonstration": model_cards.marks().get((analysis.model_name, analysis.model_version)),
        "original_url": reverse("pages:original", args=[recording.pk]) if seen.own else "",
        "labelled_url": places.labelled,
        "chapters_url": places.chapters,
        "chapters_ready": selectors.video_with_chapters(analysis) is not None,
        "video_ready": selectors.labelled_video(analysis) is not None,
        "file_name": recording_name(recording.title, recording.pk),
        **(_read(timeline, page) if timeline else {}),
        "shares": bar,
        "exports": [
            {"words": display_names.EXPORTS[name], "extension": writer.extension, "url": places.export(name)}
            for name, writer in WRITERS.items()
        ],
    }


def _read(timeline: Timeline, page: str | None) -> dict[str, Any]:
    sources = {window.source for window in timeline.windows} - {Source.FUSION}
    alone = {source: source_labels_on_grid(timeline, source) for source in sources}
    stack = lanes(timeline, alone)
    found = summary(timeline)
    return {
        "timeline": timeline,
        "averages": _averages(found),
        "headlines": _headlines(found),
        "drawing": svg.draw(timeline, stack),
        "handover": handover(timeline, stack),
        "segments": _page(timeline, page),
        **corrected(timeline),
        "transitions": transitions(timeline.segments),
        "agreement": grid_agreement(alone[Source.AUDIO_VIDEO], alone[Source.EEG], len(timeline.labels))
        if len(alone) == 2
        else None,
    }


def _averages(found: dict[str, Any]) -> list[Average]:
    """Every label that the model knows, and `undetermined` where it occurs; what lasts longest first."""
    share, mean = found["share"], found["mean_probability"]
    rows = [Average(label, share[label], mean.get(label)) for label in share if share[label] or label != UNDETERMINED]
    return sorted(rows, key=lambda row: (row.share, row.mean or 0), reverse=True)


def _headlines(found: dict[str, Any]) -> list[tuple[str, Average]]:
    """With EEG: the fused label and beside it that of audio and video alone."""
    if "audio_video" not in found:
        return []
    both = {"Fused with EEG": found, "Audio and video alone": found["audio_video"]}
    return [(name, _averages(said)[0]) for name, said in both.items()]


def corrected(timeline: Timeline) -> dict[str, Any]:
    """What a person says instead: how far it agrees, and each label's share in percent, the machine's beside it."""
    if timeline.corrections is None:
        return {"corrected": None}
    own, machine = (label_shares(one, timeline.labels) for one in (timeline.corrections.segments, timeline.segments))
    bar = svg.parts(own)
    both = [(label, 100 * own[label], 100 * machine[label]) for label in own if own[label] or machine[label]]
    return {
        "corrected": correction_agreement(timeline),
        "corrected_shares": bar,
        "corrected_labels": sorted(both, key=lambda one: -one[1]),
    }


class Line(NamedTuple):
    """A line of the table: a segment of the machine, and other labels that a person gave within it."""

    segment: Segment
    corrected: tuple[str, ...]


def _page(timeline: Timeline, number: str | None) -> Page[Line]:
    lines = [Line(segment, _other_labels(timeline, segment)) for segment in timeline.segments]
    return Paginator(lines, SEGMENTS_A_PAGE).get_page(number)


def _other_labels(timeline: Timeline, segment: Segment) -> tuple[str, ...]:
    if timeline.corrections is None:
        return ()
    found = labels_between(timeline.corrections.segments, segment.start_s, segment.end_s)
    return () if found == (segment.label,) else found
