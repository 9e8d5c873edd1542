"""Writes: the transcript of a recording."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Recording
from webapp.studies import selectors
from webapp.studies.changes import begin_recording_change
from webapp.studies.limits import MAX_LINES, require_at_most
from webapp.studies.markers import DECIMALS, TOLERANCE_S
from webapp.studies.models import TranscriptLine


@dataclass(frozen=True)
class NewLine:
    """A line of a transcript that is to be."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


@transaction.atomic
def replace_transcript(*, recording: Recording, by: User, lines: Sequence[NewLine]) -> list[TranscriptLine]:
    """Make these the lines of the recording's transcript; without any, it has none.

    Raises RequestError(MARKER_RANGE | STUDY_LIMIT), which names the line.
    """
    begin_recording_change(recordings=[recording], by=by, action=Action.TRANSCRIPT_CHANGED)
    require_at_most(MAX_LINES, len(lines), "lines of transcript", f"Recording “{recording}”")
    rows = [_build(recording, line, number) for number, line in enumerate(lines, 1)]
    recording.transcript.all().delete()
    TranscriptLine.objects.bulk_create(rows)
    return list(selectors.transcript_of(recording))


def _build(recording: Recording, line: NewLine, number: int) -> TranscriptLine:
    start_s, end_s = round(line.start_s, DECIMALS), round(line.end_s, DECIMALS)
    is_inside = math.isfinite(start_s) and 0 <= start_s <= end_s <= recording.duration_s + TOLERANCE_S
    if not is_inside:
        raise RequestError(
            WebCode.MARKER_RANGE,
            f"Line {number} of the transcript, {start_s:.3f} to {end_s:.3f} s, is outside of “{recording}”, which has "
            f"{recording.duration_s:.3f} s.",
        )
    return TranscriptLine(recording=recording, start_s=start_s, end_s=end_s, speaker=line.speaker, text=line.text)
