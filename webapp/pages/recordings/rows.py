"""Recordings as lines of the list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webapp.analyses.models import Analysis
from webapp.analyses.selectors import representatives, with_corrected_at, with_corrected_recording
from webapp.pages import display_names, model_cards
from webapp.pages.timeline import svg
from webapp.pages.timeline.svg import Part
from webapp.recordings.models import Recording

LEADING = 3  # labels named beside the bar


@dataclass(frozen=True)
class Row:
    """A recording with its latest analysis, of those that were not cancelled if there are any."""

    recording: Recording
    analysis: Analysis
    demonstration: str | None
    words: str
    shares: tuple[Part, ...]
    corrected: str  # where a person's corrections are, if anywhere

    @property
    def leading(self) -> list[Part]:
        return svg.leading(self.shares)[:LEADING]

    @property
    def status_words(self) -> str:
        return display_names.STATUSES[Analysis.Status(self.analysis.status)]

    @property
    def ended(self) -> bool:
        return self.analysis.status not in Analysis.OPEN


def rows(recordings: Iterable[Recording]) -> list[Row]:
    found = list(recordings)
    of_page = Recording.objects.filter(pk__in=[recording.pk for recording in found])
    every = with_corrected_recording(with_corrected_at(representatives(of_page)))
    latest = {analysis.recording_id: analysis for analysis in every}
    marks = model_cards.marks()
    return [_row(recording, latest[recording.pk], marks) for recording in found]


def _row(recording: Recording, analysis: Analysis, marks: dict[tuple[str, str], str]) -> Row:
    return Row(
        recording=recording,
        analysis=analysis,
        demonstration=marks.get((analysis.model_name, analysis.model_version)),
        words=display_names.progress(analysis) if analysis.status in Analysis.OPEN else analysis.error_message,
        shares=svg.parts(analysis.summary["share"]) if analysis.summary else (),
        corrected=_corrected(analysis),
    )


def _corrected(analysis: Any) -> str:
    if analysis.corrected_at:
        return "Corrected"
    return "Another analysis is corrected" if analysis.recording_corrected else ""
