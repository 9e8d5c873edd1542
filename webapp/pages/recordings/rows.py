"""Recordings as rows of the list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webapp.analyses.models import Analysis
from webapp.analyses.selectors import representatives, with_corrected_at, with_corrected_recording
from webapp.pages import display_names, model_cards
from webapp.pages.timeline import svg
from webapp.pages.timeline.svg import LabelShare
from webapp.recordings.models import Recording

LEADING_LABELS = 3  # named beside the bar


@dataclass(frozen=True)
class RecordingRow:
    """A recording with its latest analysis, of those that were not cancelled if there are any."""

    recording: Recording
    analysis: Analysis
    demonstration: str | None
    message: str  # progress or error
    label_shares: tuple[LabelShare, ...]
    corrected: str  # where the corrections are, empty without any

    @property
    def leading(self) -> list[LabelShare]:
        """The largest label shares."""
        return svg.largest_first(self.label_shares)[:LEADING_LABELS]

    @property
    def status_name(self) -> str:
        """The status for people."""
        return display_names.STATUSES[Analysis.Status(self.analysis.status)]

    @property
    def ended(self) -> bool:
        """Whether the analysis will not change any more."""
        return self.analysis.status not in Analysis.OPEN


def recording_rows(recordings: Iterable[Recording]) -> list[RecordingRow]:
    """Return a row for each recording, in order, with one query for the analyses of all."""
    found = list(recordings)
    on_page = Recording.objects.filter(pk__in=[recording.pk for recording in found])
    analyses = with_corrected_recording(with_corrected_at(representatives(on_page)))
    latest = {analysis.recording_id: analysis for analysis in analyses}
    notes = model_cards.demonstration_notes()
    return [_row(recording, latest[recording.pk], notes) for recording in found]


def _row(recording: Recording, analysis: Analysis, notes: dict[tuple[str, str], str]) -> RecordingRow:
    return RecordingRow(
        recording=recording,
        analysis=analysis,
        demonstration=notes.get((analysis.model_name, analysis.model_version)),
        message=display_names.progress(analysis) if analysis.status in Analysis.OPEN else analysis.error_message,
        label_shares=svg.label_shares(analysis.summary["share"]) if analysis.summary else (),
        corrected=_corrected(analysis),
    )


def _corrected(analysis: Any) -> str:
    if analysis.corrected_at:
        return "Corrected"
    return "Another analysis is corrected" if analysis.recording_corrected else ""
