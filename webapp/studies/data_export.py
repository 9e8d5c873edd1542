"""What the export of a user's data holds of studies."""

from collections.abc import Iterator
from typing import Any

from webapp.accounts.models import User
from webapp.analyses.downloads.archive import folder_name
from webapp.analyses.privacy.data_export import ExportedFile
from webapp.core.file_names import safe_name
from webapp.recordings.models import Project, Recording
from webapp.storage import media
from webapp.studies import selectors
from webapp.studies.models import VariableValue
from webapp.studies.thresholds import thresholds_of

VARIABLE_FIELDS = ("name", "kind", "unit_of", "levels")
STIMULUS_FIELDS = ("name", "position", "medium", "length_s", "original_name", "sha256", "bytes")
MARKER_FIELDS = ("start_s", "end_s", "kind", "name", "source")
LINE_FIELDS = ("start_s", "end_s", "speaker", "text")
COMPARISON_FIELDS = (
    *("name", "measures", "factor_name", "paired", "baseline", "exclusions", "model_name", "model_version", "result"),
    *("recording_ids", "created_at"),
)
LINK_FIELDS = ("id", "consent_text", "random_order", "created_at", "closed_at")
SESSION_FIELDS = ("link_id", "participant__code", "begun_at", "stimuli", "dropped_frames", "recording_id")


def on_exporting_account(*, user: User, **_: Any) -> Iterator[ExportedFile]:
    """A folder for each project: study.json and the files of its stimuli."""
    for number, project in enumerate(user.projects.order_by("created_at"), 1):
        folder = f"projects/{folder_name(number, project.name)}"
        yield ExportedFile(f"{folder}/study.json", project.created_at, data=_study(project))
        for stimulus in project.stimuli.exclude(file="").order_by("pk"):
            name = f"{stimulus.pk}-{safe_name(stimulus.name, 'stimulus')}{media.suffix(stimulus.key)}"
            yield ExportedFile(f"{folder}/stimuli/{name}", project.created_at, key=stimulus.key)


def on_exporting_recording(*, recording: Recording, **_: Any) -> dict[str, Any]:
    """The recording's participant, values, markers and transcript."""
    values = VariableValue.objects.filter(recording=recording).select_related("variable")
    return {
        "participant": recording.participant and recording.participant.code,
        "values": {value.variable.name: value.value for value in values},
        "markers": list(selectors.markers_on(recording).values(*MARKER_FIELDS)),
        "transcript": list(selectors.transcript_of(recording).values(*LINE_FIELDS)),
    }


def _study(project: Project) -> dict[str, Any]:
    values = selectors.values_by_participant(project)
    return {
        "participants": [
            {"code": participant.code, "values": values.get(participant.pk, {})}
            for participant in selectors.participants_of(project)
        ],
        "variables": list(selectors.variables_of(project).values(*VARIABLE_FIELDS)),
        "stimuli": list(selectors.stimuli_of(project).values(*STIMULUS_FIELDS)),
        "quality_thresholds": thresholds_of(project.pk),
        "collection_links": list(selectors.collection_links_of(project).values(*LINK_FIELDS)),
        "collection_sessions": list(selectors.sessions_of(project).values(*SESSION_FIELDS)),
        "comparisons": list(selectors.comparisons_of(project).values(*COMPARISON_FIELDS)),
    }
