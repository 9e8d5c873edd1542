"""Recordings with their files, projects, participants, tags and shares, and pending uploads."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from inference.types import EegInput, Inputs
from webapp.accounts.models import User
from webapp.recordings import consent
from webapp.storage import media

TAG_MAX_LENGTH = 40
CODE_MAX_LENGTH = 80
MAX_TAGS = 50  # per request, to add or to filter by
NOTE_MAX_LENGTH = 300
MAX_RETENTION_DAYS = 36_500
# Lists of tags are comma-separated.
NO_COMMA = RegexValidator("^[^,]*$", "A tag has no comma in it.")


class Purpose(models.TextChoices):
    """What a recording is used for. The codes are part of the REST interface and are never renamed."""

    RESEARCH = "research", "Research"
    CLINICAL = "clinical", "Health care or therapy"
    SAFETY = "safety", "Safety, such as noticing a tired driver"
    MARKET_RESEARCH = "market_research", "Market or product research"
    TEACHING_MATERIAL = "teaching_material", "Teaching material"
    PERSONAL = "personal", "For myself"
    OTHER = "other", "Something else"
    WORKPLACE = "workplace", "Emotions of people at work"
    EDUCATION = "education", "Emotions of pupils, students or examinees"
    UNSTATED = "unstated", "Not stated"


class PurposeRule(models.Model):
    """An administrators' decision about a purpose, which overrides the default."""

    purpose = models.CharField(primary_key=True, max_length=20, choices=Purpose)
    allowed = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.purpose} {'allowed' if self.allowed else 'forbidden'}"


class Project(models.Model):
    """A named group of recordings with a default purpose and a retention period."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=100)
    description = models.TextField(max_length=2000, blank=True)
    purpose = models.CharField(max_length=20, choices=Purpose, blank=True, default="", db_default="")
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_RETENTION_DAYS)]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="project_name_once")]

    def __str__(self) -> str:
        return self.name


def retention_days_of(project: Project | None) -> int | None:
    """Retention in days of recordings in the project, or outside of projects; None: until they are deleted."""
    days: int | None = project.retention_days if project else settings.RETENTION_DAYS
    return days


class Participant(models.Model):
    """A person whom recordings of a project show, under a code of the project's. Case is ignored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="participants", db_index=False)
    code = models.CharField(max_length=CODE_MAX_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint("project", Lower("code"), name="participant_code_once")]

    def __str__(self) -> str:
        return self.code


class Tag(models.Model):
    """A word that its owner puts on recordings. Case is ignored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=TAG_MAX_LENGTH, validators=[NO_COMMA])

    class Meta:
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="tag_name_once")]

    def __str__(self) -> str:
        return self.name


class Recording(models.Model):
    """One recording of one person: properties measured from its files, which never change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recordings")
    title = models.CharField(max_length=200)
    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, related_name="recordings")
    participant = models.ForeignKey(
        Participant,
        null=True,
        on_delete=models.SET_NULL,
        related_name="recordings",
        help_text="Of the recording's project.",
    )
    tags = models.ManyToManyField(Tag, related_name="recordings")
    purpose = models.CharField(
        max_length=20, choices=Purpose, default=Purpose.UNSTATED, db_default=Purpose.UNSTATED.value
    )
    purpose_note = models.CharField(max_length=NOTE_MAX_LENGTH, blank=True, default="", db_default="")
    consent_at = models.DateTimeField()
    consent_version = models.CharField(max_length=20)
    study_text = models.TextField(
        blank=True, default="", db_default="", help_text="Of the study that the person in it agreed to, if it was one."
    )
    duration_s = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    fps = models.FloatField()
    has_audio = models.BooleanField()
    has_eeg = models.BooleanField()
    bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 nulls are not unique to each other
    request_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "idempotency_key"], name="recording_once_per_key"),
        ]
        indexes = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def consent_text(self) -> str:
        """The text that was agreed to."""
        return "\n\n".join(filter(None, [self.study_text, consent.TEXTS.get(self.consent_version, "")]))

    @property
    def delete_at(self) -> datetime | None:
        """When its retention period ends; None if it is kept until it is deleted."""
        days = retention_days_of(self.project)
        return None if days is None else self.created_at + timedelta(days=days)

    def file(self, kind: "MediaFile.Kind") -> "MediaFile | None":
        """The file of this kind; uses the prefetched `files` if there are any."""
        return next((file for file in self.files.all() if file.kind == kind), None)

    @contextmanager
    def inputs(self) -> Iterator[Inputs]:
        """The recording's files as local paths, which are valid inside the block."""
        with ExitStack() as stack:
            paths = {file.kind: stack.enter_context(media.local_file(file.key)) for file in self.files.all()}
            eeg = self.file(MediaFile.Kind.EEG)
            yield Inputs(
                video=paths[MediaFile.Kind.VIDEO],
                audio=paths.get(MediaFile.Kind.AUDIO),
                eeg=EegInput(paths[MediaFile.Kind.EEG], eeg.eeg_trial, eeg.eeg_sfreq, eeg.eeg_unit) if eeg else None,
            )


class Share(models.Model):
    """Read access to a recording, or to all recordings of a project, for a user or for holders of a link.

    Of a link's secret only the digest is stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="shares")
    recording = models.ForeignKey(Recording, null=True, on_delete=models.CASCADE, related_name="shares")
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="shares")
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="shared_with_me")
    digest = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 only links have one
    note = models.CharField(max_length=200, blank=True)
    may_download = models.BooleanField(default=False)
    consent_at = models.DateTimeField()
    consent_version = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    openings = models.PositiveIntegerField(default=0, help_text="Of a link.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(recording__isnull=False) ^ models.Q(project__isnull=False), name="share_of_one_thing"
            ),
            models.CheckConstraint(
                condition=models.Q(person__isnull=False) ^ models.Q(digest__isnull=False), name="share_with_one"
            ),
            models.UniqueConstraint(fields=["recording", "person"], name="recording_shared_once"),
            models.UniqueConstraint(fields=["project", "person"], name="project_shared_once"),
        ]

    def __str__(self) -> str:
        return f"{self.target} with {self.person or 'a link'}"

    @property
    def target(self) -> Project | Recording:
        """What is shared."""
        target = self.recording or self.project
        assert target is not None
        return target

    @property
    def consent_text(self) -> str:
        """The text that was agreed to."""
        return consent.TEXTS.get(self.consent_version, "")

    @property
    def expired(self) -> bool:
        """Whether the link is no longer valid."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Upload(models.Model):
    """A file that is being sent in parts, or is complete and not yet used by a recording.

    The row is authoritative: the first `offset` bytes of the file count, whatever a crash left behind them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    metadata = models.CharField(max_length=4000)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "recordings_transfer"  # its name in version 1.0
        constraints = [
            models.CheckConstraint(condition=models.Q(offset__lte=models.F("length")), name="transfer_within_length"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.offset} of {self.length} bytes"

    @property
    def part(self) -> str:
        """The name of the partial file."""
        return f"upload-{self.pk}"

    @property
    def path(self) -> Path:
        """The partial file, perhaps encrypted: `media.open_partial` reads it."""
        return media.partial_path(self.part)

    @property
    def finished(self) -> bool:
        """Whether all bytes have arrived."""
        return self.offset == self.length


EEG_UNITS = (("uV", "microvolts (µV)"), ("mV", "millivolts (mV)"), ("V", "volts (V)"), ("nV", "nanovolts (nV)"))


class MediaFile(models.Model):
    """A file as it was sent, stored under a generated key."""

    class Kind(models.TextChoices):
        VIDEO = "video"
        AUDIO = "audio"
        EEG = "eeg"

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    file = models.FileField(max_length=200)
    original_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    eeg_trial = models.PositiveIntegerField(null=True)
    eeg_sfreq = models.FloatField(null=True)
    eeg_unit = models.CharField(max_length=2, null=True, choices=EEG_UNITS)  # noqa: DJ001 null as the two above

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recording", "kind"], name="file_once_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.recording_id}"

    @property
    def key(self) -> str:
        """The file's key in the storage."""
        return str(self.file)
