"""What people sent."""

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

TAG_CHARACTERS = 40
MOST_TAGS = 50  # in one request, to put on recordings or to look for
NOTE_CHARACTERS = 300
MOST_DAYS = 36_500
# Commas stand between tags wherever several are written in one line.
NO_COMMA = RegexValidator("^[^,]*$", "A tag has no comma in it.")


class Purpose(models.TextChoices):
    """What a recording is used for. Programs know the codes: none is ever renamed."""

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
    """What administrators say of a purpose, instead of what goes for it otherwise."""

    purpose = models.CharField(primary_key=True, max_length=20, choices=Purpose)
    allowed = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.purpose} {'allowed' if self.allowed else 'forbidden'}"


class Project(models.Model):
    """Recordings that belong together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=100)
    description = models.TextField(max_length=2000, blank=True)
    purpose = models.CharField(max_length=20, choices=Purpose, blank=True, default="", db_default="")
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="project_name_once")]

    def __str__(self) -> str:
        return self.name


def days_kept(project: Project | None) -> int | None:
    """For how many days a recording in the project is kept, or in none; None: until somebody deletes it."""
    days: int | None = project.retention_days if project else settings.RETENTION_DAYS
    return days


class Tag(models.Model):
    """A word that its owner puts on recordings. Case makes no difference."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=TAG_CHARACTERS, validators=[NO_COMMA])

    class Meta:
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="tag_name_once")]

    def __str__(self) -> str:
        return self.name


class Recording(models.Model):
    """One person recorded once. Its files never change; what was measured of them stands here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recordings")
    title = models.CharField(max_length=200)
    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, related_name="recordings")
    tags = models.ManyToManyField(Tag, related_name="recordings")
    purpose = models.CharField(
        max_length=20, choices=Purpose, default=Purpose.UNSTATED, db_default=Purpose.UNSTATED.value
    )
    purpose_note = models.CharField(max_length=NOTE_CHARACTERS, blank=True, default="", db_default="")
    consent_at = models.DateTimeField()
    consent_version = models.CharField(max_length=20)
    duration_s = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    fps = models.FloatField()
    has_audio = models.BooleanField()
    has_eeg = models.BooleanField()
    bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 null does not count as a repetition
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
        return consent.TEXTS.get(self.consent_version, "")

    @property
    def delete_at(self) -> datetime | None:
        """When its time is over; None where it is kept until somebody deletes it."""
        days = days_kept(self.project)
        return None if days is None else self.created_at + timedelta(days=days)

    def file(self, kind: "MediaFile.Kind") -> "MediaFile | None":
        """The file of this kind, from what was fetched already where `files` was prefetched."""
        return next((file for file in self.files.all() if file.kind == kind), None)

    @contextmanager
    def inputs(self) -> Iterator[Inputs]:
        """The recording as the models read it, where they can open it while the block runs."""
        with ExitStack() as stack:
            paths = {file.kind: stack.enter_context(media.local_file(file.kept)) for file in self.files.all()}
            eeg = self.file(MediaFile.Kind.EEG)
            yield Inputs(
                video=paths[MediaFile.Kind.VIDEO],
                audio=paths.get(MediaFile.Kind.AUDIO),
                eeg=EegInput(paths[MediaFile.Kind.EEG], eeg.eeg_trial, eeg.eeg_sfreq, eeg.eeg_unit) if eeg else None,
            )


class Share(models.Model):
    """Lets somebody look at a recording, or at all there is in a project: a person, or whoever has a link.

    Of a link only the secret's digest is kept.
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
        return f"{self.what} with {self.person or 'a link'}"

    @property
    def what(self) -> Project | Recording:
        found = self.recording or self.project
        assert found is not None
        return found

    @property
    def consent_text(self) -> str:
        return consent.TEXTS.get(self.consent_version, "")

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Transfer(models.Model):
    """A file that is being sent in parts, or has come whole and belongs to no recording yet.

    The row is the truth: of its file the first `offset` bytes count, whatever a crash left after them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="transfers")
    name = models.CharField(max_length=255)
    metadata = models.CharField(max_length=4000)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(offset__lte=models.F("length")), name="transfer_within_length"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.offset} of {self.length} bytes"

    @property
    def part(self) -> str:
        return f"upload-{self.pk}"

    @property
    def path(self) -> Path:
        """Where what has come lies, perhaps sealed: `media.open_partial` reads it."""
        return media.partial_path(self.part)

    @property
    def finished(self) -> bool:
        return self.offset == self.length


EEG_UNITS = (("uV", "microvolts (µV)"), ("mV", "millivolts (mV)"), ("V", "volts (V)"), ("nV", "nanovolts (nV)"))


class MediaFile(models.Model):
    """A file as it was sent, under a name of ours."""

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
    def kept(self) -> str:
        """What the storage calls the file."""
        return str(self.file)
