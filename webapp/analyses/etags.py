"""ETags of analyses and their results, from columns alone: no window and no segment is read for them."""

from webapp.analyses import selectors
from webapp.analyses.models import Analysis, CorrectedTimeline
from webapp.analyses.permissions import AnalysisAccess
from webapp.core.conditional import etag_of


def state_etag(analysis: Analysis) -> str:
    """Of the state and the summary."""
    progress = (analysis.status, analysis.stage, analysis.progress, analysis.attempt)
    error = (analysis.error_code, analysis.error_message)
    times = (analysis.started_at, analysis.timeline_at, analysis.finished_at)
    return etag_of("state", analysis.pk, *progress, *error, *times)


def timeline_etag(analysis: Analysis, address: str) -> str:
    """Of the segments, the windows or the faces at this address: of the published timeline and the baseline."""
    return etag_of("timeline", address, analysis.timeline_at, _baseline(analysis))


def export_etag(access: AnalysisAccess, name: str) -> str:
    """Of an exported file, which also holds corrections, the baseline and what the owner says of the recording."""
    analysis = access.analysis
    corrected = CorrectedTimeline.objects.filter(pk=analysis.pk).values_list("revision", "at").first()
    info = selectors.recording_info(analysis.recording, own=access.own)
    return etag_of("export", name, analysis.pk, analysis.timeline_at, corrected, _baseline(analysis), info)


def _baseline(analysis: Analysis) -> tuple[object, ...] | None:
    marked = getattr(analysis, "neutral_baseline", None)
    return marked and (marked.start_s, marked.end_s, marked.at)
