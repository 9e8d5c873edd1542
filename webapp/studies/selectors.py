"""Reading studies. Getters take the requesting user; lists take a project or recording that `permissions` gave."""

from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Lower
from django.shortcuts import get_object_or_404
from django.utils import timezone

from inference.types import EMOTIONS
from webapp.accounts.models import User
from webapp.accounts.services import digest
from webapp.analyses.models import Analysis
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Participant, Project, Recording
from webapp.studies.models import (
    SENDING_HOURS,
    CollectionLink,
    CollectionSession,
    Comparison,
    Marker,
    Stimulus,
    TranscriptLine,
    Variable,
    VariableValue,
)

Value = str | float
ValuesByUnit = dict[UUID, dict[str, Value]]


def participants_of(project: Project) -> QuerySet[Participant]:
    """The project's participants by code, annotated with `count` of recordings."""
    return project.participants.order_by(Lower("code")).annotate(count=Count("recordings"))


def participant_for(user: User, pk: UUID) -> Participant:
    """The participant `pk` of a project of the user. Raises Http404."""
    participants = Participant.objects.select_related("project__owner").filter(project__owner=user)
    return get_object_or_404(participants, pk=pk)


def recordings_of(project: Project) -> QuerySet[Recording]:
    """The project's recordings, the oldest first, with their participants and files."""
    return project.recordings.order_by("created_at", "pk").select_related("participant").prefetch_related("files")


def variables_of(project: Project) -> QuerySet[Variable]:
    """The project's variables in their order."""
    return project.variables.order_by("position", Lower("name"))


def variable_for(user: User, pk: UUID) -> Variable:
    """The variable `pk` of a project of the user. Raises Http404."""
    return get_object_or_404(Variable.objects.select_related("project__owner").filter(project__owner=user), pk=pk)


def values_by_participant(project: Project) -> ValuesByUnit:
    """{participant: {variable's name: level or number}} of those that have a value."""
    return _by_unit("participant_id", VariableValue.objects.filter(participant__project=project))


def values_by_recording(project: Project) -> ValuesByUnit:
    """{recording: {variable's name: level or number}}: its own values, and those of its participant."""
    found = _by_unit("recording_id", VariableValue.objects.filter(recording__project=project))
    of_participants = values_by_participant(project)
    for recording, participant in project.recordings.values_list("pk", "participant"):
        if values := of_participants.get(participant):
            found[recording] = values | found.get(recording, {})
    return found


def stimuli_of(project: Project) -> QuerySet[Stimulus]:
    """The project's stimuli in their order, annotated with `count` of markers."""
    return project.stimuli.order_by("position", "pk").annotate(count=Count("markers"))


def stimulus_for(user: User, pk: UUID) -> Stimulus:
    """The stimulus `pk` of a project of the user. Raises Http404."""
    return get_object_or_404(Stimulus.objects.select_related("project__owner").filter(project__owner=user), pk=pk)


def collection_links_of(project: Project) -> QuerySet[CollectionLink]:
    """The project's links for participants, newest first, annotated with `begun` and `finished` recordings."""
    links = project.collection_links.order_by("-created_at")
    return links.annotate(begun=Count("sessions"), finished=Count("sessions__recording"))


def collection_link_for(user: User, pk: UUID) -> CollectionLink:
    """The link for participants `pk` of a project of the user. Raises Http404."""
    links = CollectionLink.objects.select_related("project__owner").filter(project__owner=user)
    return get_object_or_404(links, pk=pk)


def sessions_of(project: Project) -> QuerySet[CollectionSession]:
    """Who began by a link of the project, latest first, with participants and recordings."""
    sessions = CollectionSession.objects.filter(link__project=project)
    return sessions.order_by("-begun_at", "pk").select_related("participant", "recording")


def collection_link_by_secret(secret: str) -> CollectionLink | None:
    """The link for participants with this secret, also a closed one. It is never cached: closing works at once."""
    links = CollectionLink.objects.select_related("project__owner")
    active = links.filter(project__owner__is_active=True, project__owner__deletion_requested_at=None)
    return active.filter(digest=digest(secret)).first()


def session_by_link(link: CollectionLink, pk: UUID) -> CollectionSession:
    """The session `pk` that was begun by the link. Raises Http404, and RequestError(COLLECTION_CLOSED) later."""
    session = get_object_or_404(link.sessions.select_related("participant", "recording"), pk=pk)
    if link.sending_ends_at and link.sending_ends_at < timezone.now():
        message = f"This study has ended, and so have the {SENDING_HOURS} hours in which what had begun could be sent."
        raise RequestError(WebCode.COLLECTION_CLOSED, message)
    session.link = link
    return session


def session_stimuli(session: CollectionSession) -> list[Stimulus]:
    """The stimuli of a session in its order, without those that were deleted meanwhile."""
    found = session.link.project.stimuli.in_bulk([pk for pk, _ in session.stimuli])
    return [found[UUID(pk)] for pk, _ in session.stimuli if UUID(pk) in found]


def markers_of(project: Project) -> QuerySet[Marker]:
    """All markers of the project's recordings, recording by recording."""
    markers = Marker.objects.filter(recording__project=project).select_related("stimulus", "recording")
    return markers.order_by("recording__created_at", "recording", "start_s", "end_s", "pk")


def shown_stimuli(project: Project) -> list[str]:
    """The names of the stimuli that recordings of the project are marked with."""
    markers = Marker.objects.filter(recording__project=project, kind=Marker.Kind.STIMULUS)
    return sorted(markers.values_list(Coalesce("stimulus__name", "name"), flat=True).distinct())


def markers_on(recording: Recording) -> QuerySet[Marker]:
    """The recording's markers by time."""
    return by_time(recording.markers.all())


def by_time(markers: QuerySet[Marker]) -> QuerySet[Marker]:
    """The markers by time, with their stimuli."""
    return markers.select_related("stimulus").order_by("start_s", "end_s", "pk")


def marker_for(user: User, pk: UUID) -> Marker:
    """The marker `pk` on a recording of the user. Raises Http404."""
    markers = Marker.objects.select_related("recording__owner", "stimulus").filter(recording__owner=user)
    return get_object_or_404(markers, pk=pk)


def transcript_of(recording: Recording) -> QuerySet[TranscriptLine]:
    """The recording's transcript by time."""
    return recording.transcript.order_by("start_s", "pk")


def said(recordings: QuerySet[Recording], words: str) -> QuerySet[Recording]:
    """Those of the recordings in whose transcript one line contains every one of the words."""
    lines = TranscriptLine.objects.filter(recording=OuterRef("pk"))
    for word in words.split():
        lines = lines.filter(text__icontains=word)
    return recordings.filter(Exists(lines))


def models_of(project: Project) -> list[tuple[str, str]]:
    """Name and version of each model that has read a recording of the project, the latest version first."""
    found = _timelines_of(project).values_list("model_name", "model_version").distinct()
    return list(found.order_by("model_name", "-model_version"))


def labels_of(project: Project) -> list[str]:
    """The labels of these models: emotions in their order, then others."""
    found = {label for labels in _timelines_of(project).values_list("labels", flat=True).distinct() for label in labels}
    return [*(label for label in EMOTIONS if label in found), *sorted(found - set(EMOTIONS))]


def comparisons_of(project: Project) -> QuerySet[Comparison]:
    """The project's saved comparisons, newest first."""
    return project.comparisons.order_by("-created_at").select_related("created_by")


def comparison_for(user: User, pk: UUID) -> Comparison:
    """The saved comparison `pk` of a project of the user. Raises Http404."""
    return get_object_or_404(Comparison.objects.select_related("project__owner").filter(project__owner=user), pk=pk)


def _timelines_of(project: Project) -> QuerySet[Analysis]:
    return Analysis.objects.filter(recording__project=project, timeline_at__isnull=False).order_by()


def _by_unit(unit: str, values: QuerySet[VariableValue]) -> ValuesByUnit:
    found: ValuesByUnit = {}
    rows = values.order_by("variable__position").values_list(unit, "variable__name", "text", "number")
    for pk, name, text, number in rows:
        found.setdefault(pk, {})[name] = text if number is None else number
    return found
