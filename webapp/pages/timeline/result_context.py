"""The template context of the result page: all that is known of an analysis so far."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.urls import reverse

from inference.export import WRITERS
from inference.timeline.agreement import correction_agreement, grid_agreement, transitions
from inference.timeline.baseline import relative_timeline
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
from webapp.pages.timeline.lanes import markers_context, transcript_context
from webapp.pages.timeline.payload import timeline_payload
from webapp.pages.timeline.progress import progress_context
from webapp.pages.timeline.tiers import build_tiers
from webapp.studies.thresholds import shortfalls_of

SEGMENTS_PER_PAGE = 100


class LabelAverage(NamedTuple):
    """A label over the whole recording: its share of the time, and its mean probability if anything was determined."""

    label: str
    share: float
    mean: float | None


class SegmentRow(NamedTuple):
    """A row of the table: a segment of the model, and the different labels that a person gave within it."""

    segment: Segment
    corrected_labels: tuple[str, ...]


class ResultUrls:
    """The addresses on the page of an analysis: those of an account, or with a `secret` those below a shared link."""

    def __init__(self, analysis: Analysis, secret: str | None = None) -> None:
        self._analysis, self._secret = analysis, secret

    def pages_of(self, analyses: Iterable[Analysis]) -> list[tuple[Analysis, str]]:
        """Return each analysis of the recording with the address of its page."""
        return [(each, ResultUrls(each, self._secret)._reverse("pages:result", "result")) for each in analyses]

    @property
    def progress(self) -> str:
        """The poll for progress."""
        return self._reverse("pages:progress", "progress")

    @property
    def labelled_video(self) -> str:
        """The labelled video."""
        return self._reverse("api:video", "video")

    @property
    def chapters(self) -> str:
        """The video with chapters."""
        return self._reverse("api:chapters", "chapters")

    @property
    def faces(self) -> str:
        """The positions of faces."""
        return self._reverse("api:faces", "faces")

    def export(self, name: str) -> str:
        """Return the address of the timeline in a format."""
        return self._reverse("api:export", "export", name)

    def _reverse(self, name: str, link_name: str, *more: str) -> str:
        if self._secret is None:
            return reverse(name, args=[self._analysis.pk, *more])
        return reverse(f"pages:link-{link_name}", args=[self._secret, self._analysis.pk, *more])


def progress_update(access: AnalysisAccess, urls: ResultUrls, state: str) -> dict[str, Any]:
    """Return the progress for a page in `state`, with the parts of the page that have become available since.

    A timeline on the page is never replaced: it may be in use.
    """
    context = progress_context(access.analysis)
    if context["state"] != state:
        return result_context(access, urls) | {"swap": True, "swap_timeline": context["state"][:1] != state[:1]}
    return context | {"access": access, "urls": urls}


def result_context(
    access: AnalysisAccess, urls: ResultUrls, page: str | None = None, *, relative: bool = False
) -> dict[str, Any]:
    """Return the whole context, progress included, with one page of the segments.

    With `relative`, probabilities and labels are relative to the baseline, where one is marked.
    """
    analysis = access.analysis
    recording = analysis.recording
    timeline = selectors.timeline(analysis)
    relative = relative and timeline is not None and timeline.baseline is not None
    if timeline and relative:
        timeline = relative_timeline(timeline)
    return {
        **progress_context(analysis),
        "access": access,
        "urls": urls,
        "recording": recording,
        "demonstration": model_cards.demonstration_notes().get((analysis.model_name, analysis.model_version)),
        "has_card": model_cards.has_card(analysis.model_name, analysis.model_version),
        "original_url": reverse("pages:original", args=[recording.pk]) if access.own else "",
        "chapters_ready": selectors.video_with_chapters(analysis) is not None,
        "shortfalls": shortfalls_of(analysis.pk, recording.project_id) if timeline else [],
        "video_ready": selectors.labelled_video(analysis) is not None,
        "file_name": recording_name(recording.title, recording.pk),
        **(_timeline_context(timeline, page) if timeline else {}),
        **markers_context(recording, own=access.own),
        **transcript_context(recording, own=access.own),
        "relative": relative,
        "exports": [
            {"name": display_names.EXPORTS[name], "extension": writer.extension, "url": urls.export(name)}
            for name, writer in WRITERS.items()
        ],
    }


def corrections_context(timeline: Timeline) -> dict[str, Any]:
    """Return how far corrections agree with the model, and each label's share in percent, corrected and original."""
    if timeline.corrections is None:
        return {"corrected": None}
    own = label_shares(timeline.corrections.segments, timeline.labels)
    original = label_shares(timeline.segments, timeline.labels)
    rows = [(label, 100 * own[label], 100 * original[label]) for label in own if own[label] or original[label]]
    return {
        "corrected": correction_agreement(timeline),
        "corrected_shares": svg.label_shares(own),
        "corrected_rows": sorted(rows, key=lambda row: -row[1]),
    }


def _timeline_context(timeline: Timeline, page: str | None) -> dict[str, Any]:
    sources = {window.source for window in timeline.windows} - {Source.FUSION}
    unimodal = {source: source_labels_on_grid(timeline, source) for source in sources}
    tiers = build_tiers(timeline, unimodal)
    totals = summary(timeline)
    agreement = None
    if len(unimodal) == 2:
        labels = len(timeline.labels)
        agreement = grid_agreement(unimodal[Source.AUDIO_VIDEO], unimodal[Source.EEG], labels)
    return {
        "timeline": timeline,
        "label_shares": svg.label_shares(totals["share"]),
        "averages": _label_averages(totals),
        "leading_labels": _leading_labels(totals),
        "dimensions": {name: totals[name] for name in ("valence", "arousal") if totals.get(name, {}).get("confidence")},
        "drawing": svg.draw_timeline(timeline, tiers),
        "payload": timeline_payload(timeline, tiers),
        "segments": _segment_page(timeline, page),
        **corrections_context(timeline),
        "transitions": transitions(timeline.segments),
        "agreement": agreement,
    }


def _label_averages(totals: dict[str, Any]) -> list[LabelAverage]:
    """Return every label of the model, and `undetermined` where it occurs, the longest in total first."""
    share, mean = totals["share"], totals["mean_probability"]
    rows = [
        LabelAverage(label, share[label], mean.get(label)) for label in share if share[label] or label != UNDETERMINED
    ]
    return sorted(rows, key=lambda row: (row.share, row.mean or 0), reverse=True)


def _leading_labels(totals: dict[str, Any]) -> list[tuple[str, LabelAverage]]:
    """Return the leading fused label and that of audio and video alone; empty without EEG."""
    if "audio_video" not in totals:
        return []
    both = {"Fused with EEG": totals, "Audio and video alone": totals["audio_video"]}
    return [(name, _label_averages(part)[0]) for name, part in both.items()]


def _segment_page(timeline: Timeline, number: str | None) -> Page[SegmentRow]:
    rows = [SegmentRow(segment, _corrected_labels(timeline, segment)) for segment in timeline.segments]
    return Paginator(rows, SEGMENTS_PER_PAGE).get_page(number)


def _corrected_labels(timeline: Timeline, segment: Segment) -> tuple[str, ...]:
    if timeline.corrections is None:
        return ()
    labels = labels_between(timeline.corrections.segments, segment.start_s, segment.end_s)
    return () if labels == (segment.label,) else labels
