"""The project of the demonstration study with its recordings, participants, variables, stimuli and markers."""

import shutil
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np
from django.core.files.base import File
from django.db import transaction
from django.db.models.functions import Now

from inference.timeline.measures import Span
from inference.types import Timeline
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.analyses.execution.publishing import create_result_rows, result_fields
from webapp.analyses.models import Analysis
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core import samples
from webapp.recordings import projects_and_tags
from webapp.recordings import services as recordings
from webapp.recordings.consent import SAMPLE_VERSION
from webapp.recordings.models import MediaFile, Participant, Project, Purpose, Recording
from webapp.recordings.services import NewRecording, RecordingFiles, ValidatedUpload
from webapp.storage import media
from webapp.studies.demonstration.simulation import EFFECT, MODEL, SimulatedPerson, simulate_person, simulate_timeline
from webapp.studies.models import Marker, Stimulus, Variable, VariableValue

SEED = 20_260_101
PARTICIPANTS = 12
CONDITIONS = ("funny", "plain")
GROUPS = ("staff", "students")
BASELINE: Span = (0.5, 4.5)
STIMULUS: Span = (5.0, 21.0)
EXCLUDED: Span = (17.0, 18.5)
PROJECT_NAME = "Demonstration study (simulated)"
DESCRIPTION = (
    "Twelve simulated participants, each with a recording of a funny and of a plain advert. Every recording is the "
    "bundled sample; its timeline is made up by a program. Happiness differs between the adverts, sadness does not."
)
_HARD_TO_SEE = "P03"  # the participant whose face is seen half of the time only
_INTERRUPTED = "P12"
_SOURCE = "template"


@dataclass(frozen=True)
class _Study:
    """The rows that those of recordings refer to."""

    project: Project
    advert: Variable
    stimuli: dict[str, Stimulus]


@dataclass(frozen=True)
class _Simulated:
    """A recording to be: of whom, in which condition, with which timeline, and where its file is stored."""

    pk: UUID
    key: str
    code: str
    condition: str
    timeline: Timeline


def create_demonstration(*, owner: User, seed: int = SEED) -> Project:
    """Create the study of the owner: all of it or nothing.

    Raises RequestError(NAME_TAKEN | QUOTA_BYTES | QUOTA_MINUTES | DISK_FULL | STORAGE_UNAVAILABLE | CHECKS_BUSY).
    """
    rng = np.random.default_rng(seed)
    name = samples.MODES["audio-video"]["video"]
    simulated: list[_Simulated] = []
    with (samples.FOLDER / name).open("rb") as video:
        files = RecordingFiles(File(video, name))
        with recordings.validate_upload(owner=owner, files=files) as validated:
            try:
                for number in range(1, PARTICIPANTS + 1):
                    person = simulate_person(rng)
                    order = CONDITIONS if number % 2 else CONDITIONS[::-1]
                    simulated += [_simulate(validated, f"P{number:02}", person, each, rng) for each in order]
                with transaction.atomic():
                    return _create(accounts.lock_user(owner), validated, simulated, rng)
            except BaseException:
                for one in simulated:
                    media.delete_recording(one.pk)
                raise


def _simulate(
    validated: ValidatedUpload, code: str, person: SimulatedPerson, condition: str, rng: np.random.Generator
) -> _Simulated:
    timeline = simulate_timeline(
        validated.info,
        person,
        STIMULUS,
        rng,
        effect=EFFECT if condition == CONDITIONS[0] else 0.0,
        face=0.5 if code == _HARD_TO_SEE else 0.95,
    )
    pk = uuid4()
    video = validated.paths[MediaFile.Kind.VIDEO]
    with media.scratch_dir() as directory:
        copy = directory / video.name
        shutil.copyfile(video, copy)
        return _Simulated(pk, media.save(copy, pk, video.suffix), code, condition, timeline)


def _create(owner: User, validated: ValidatedUpload, simulated: list[_Simulated], rng: np.random.Generator) -> Project:
    study = _create_study(owner)
    people = {one.code: Participant(project=study.project, code=one.code) for one in simulated}
    Participant.objects.bulk_create(people.values())
    _describe_participants(study, list(people.values()), rng)
    for one in simulated:
        _create_recording(owner, study, people[one.code], validated, one)
    return study.project


def _create_study(owner: User) -> _Study:
    project = projects_and_tags.create_project(
        owner=owner, name=PROJECT_NAME, description=DESCRIPTION, purpose=Purpose.RESEARCH
    )
    advert = Variable.objects.create(
        project=project,
        name="advert",
        kind=Variable.Kind.CATEGORY,
        unit_of=Variable.Unit.RECORDING,
        levels=list(CONDITIONS),
    )
    length_s = STIMULUS[1] - STIMULUS[0]
    stimuli = {
        condition: Stimulus.objects.create(
            project=project, name=f"{condition} advert", position=position, length_s=length_s
        )
        for position, condition in enumerate(CONDITIONS)
    }
    return _Study(project, advert, stimuli)


def _describe_participants(study: _Study, people: list[Participant], rng: np.random.Generator) -> None:
    group = Variable.objects.create(
        project=study.project,
        name="group",
        kind=Variable.Kind.CATEGORY,
        unit_of=Variable.Unit.PARTICIPANT,
        levels=list(GROUPS),
        position=1,
    )
    age = Variable.objects.create(
        project=study.project,
        name="age",
        kind=Variable.Kind.NUMBER,
        unit_of=Variable.Unit.PARTICIPANT,
        position=2,
    )
    for number, participant in enumerate(people):
        VariableValue.objects.create(variable=group, participant=participant, text=GROUPS[number % len(GROUPS)])
        VariableValue.objects.create(variable=age, participant=participant, number=float(rng.integers(19, 64)))


def _create_recording(
    owner: User, study: _Study, participant: Participant, validated: ValidatedUpload, simulated: _Simulated
) -> None:
    condition = simulated.condition
    new = NewRecording(
        files=validated.files,
        consent=True,
        consent_version=SAMPLE_VERSION,
        title=f"{participant.code}_{condition} (simulated)",
        project=study.project,
    )
    recording = recordings.create_recording(
        pk=simulated.pk,
        owner=owner,
        new=new,
        purpose=Purpose.RESEARCH,
        validated=validated,
        keys={MediaFile.Kind.VIDEO: simulated.key},
        request_sha256="",
    )
    record(Action.RECORDING_RECEIVED, by=owner.pk, owner=owner.pk, target=recording)
    Recording.objects.filter(pk=recording.pk).update(participant=participant)
    VariableValue.objects.create(variable=study.advert, recording=recording, text=condition)
    _create_markers(recording, study.stimuli[condition], participant)
    analysis = Analysis.objects.create(
        recording=recording,
        model_name=MODEL.name,
        model_version=MODEL.version,
        model_sha256=MODEL.sha256,
        status=Analysis.Status.SUCCEEDED,
        progress=1.0,
        dispatched_at=Now(),
        started_at=Now(),
        finished_at=Now(),
        **result_fields(simulated.timeline),
    )
    create_result_rows(analysis.pk, owner.pk, simulated.timeline)


def _create_markers(recording: Recording, stimulus: Stimulus, participant: Participant) -> None:
    spans = [(Marker.Kind.BASELINE, "rest", BASELINE, None), (Marker.Kind.STIMULUS, stimulus.name, STIMULUS, stimulus)]
    if participant.code == _INTERRUPTED:
        spans.append((Marker.Kind.EXCLUDE, "interrupted", EXCLUDED, None))
    Marker.objects.bulk_create(
        Marker(recording=recording, start_s=start_s, end_s=end_s, kind=kind, name=name, stimulus=shown, source=_SOURCE)
        for kind, name, (start_s, end_s), shown in spans
    )
