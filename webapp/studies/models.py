"""What makes recordings a study. Participants are rows of `webapp.recordings`."""

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from webapp.accounts.models import User
from webapp.recordings.models import Participant, Project, Recording, Upload
from webapp.storage import media

NAME_MAX_LENGTH = 80  # of a variable, a level or a measure
TITLE_MAX_LENGTH = 120  # of a stimulus, a marker or a comparison
TEXT_MAX_LENGTH = 2000
CONSENT_MAX_LENGTH = 10_000
SOURCE_MAX_LENGTH = 20
SENDING_HOURS = 24
CONTENT_TYPES = {".png": "image/png", ".webm": "video/webm"}  # of stimuli; every other file is MP4
STIMULUS = "stimulus"  # the factor of a comparison that is no variable
# Name patterns have braces around names.
NO_BRACES = RegexValidator(r"^[^{}*]*$", "A variable's name has no braces and no asterisk in it.")


class Variable(models.Model):
    """A property that the participants or the recordings of a project have values of."""

    class Kind(models.TextChoices):
        CATEGORY = "category", "Category"
        NUMBER = "number", "Number"

    class Unit(models.TextChoices):
        PARTICIPANT = "participant", "Participant"
        RECORDING = "recording", "Recording"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="variables", db_index=False)
    name = models.CharField(max_length=NAME_MAX_LENGTH, validators=[NO_BRACES])
    kind = models.CharField(max_length=10, choices=Kind)
    unit_of = models.CharField(max_length=12, choices=Unit)
    levels = ArrayField(
        models.CharField(max_length=NAME_MAX_LENGTH), default=list, help_text="Of a category, in their order."
    )
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint("project", Lower("name"), name="variable_name_once")]

    def __str__(self) -> str:
        return self.name


class VariableValue(models.Model):
    """The value of a variable for one participant or recording: a level, or a number."""

    variable = models.ForeignKey(Variable, on_delete=models.CASCADE, related_name="values", db_index=False)
    participant = models.ForeignKey(Participant, null=True, on_delete=models.CASCADE, related_name="variable_values")
    recording = models.ForeignKey(Recording, null=True, on_delete=models.CASCADE, related_name="variable_values")
    text = models.CharField(max_length=NAME_MAX_LENGTH, blank=True, default="")
    number = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(participant__isnull=False) ^ Q(recording__isnull=False), name="value_of_one_unit"
            ),
            models.CheckConstraint(condition=Q(text="") ^ Q(number__isnull=True), name="value_of_one_kind"),
            models.UniqueConstraint(fields=["variable", "participant"], name="value_participant_once"),
            models.UniqueConstraint(fields=["variable", "recording"], name="value_recording_once"),
        ]

    def __str__(self) -> str:
        return str(self.value)

    @property
    def value(self) -> str | float:
        """The level or the number."""
        return self.text if self.number is None else self.number


class Stimulus(models.Model):
    """Something that participants see or hear, with its file if that is stored here."""

    class Medium(models.TextChoices):
        NONE = "none", "The name, as text"
        VIDEO = "video", "A video"
        PICTURE = "picture", "A picture"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stimuli", db_index=False)
    name = models.CharField(max_length=TITLE_MAX_LENGTH)
    position = models.PositiveIntegerField(default=0, help_text="Its place among the project's stimuli, from 0.")
    length_s = models.FloatField()
    medium = models.CharField(max_length=10, choices=Medium, default=Medium.NONE)
    file = models.FileField(max_length=200, blank=True, default="")
    original_name = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stimuli"
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="stimulus_name_once"),
            models.CheckConstraint(condition=Q(length_s__gt=0), name="stimulus_has_length"),
            models.CheckConstraint(condition=Q(medium="none") ^ ~Q(file=""), name="stimulus_medium_has_file"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The file's key in the storage; empty without one."""
        return str(self.file)

    @property
    def content_type(self) -> str:
        """The media type that its file is served with, whatever it was sent as."""
        return CONTENT_TYPES.get(media.suffix(self.key).lower(), "video/mp4")


class Marker(models.Model):
    """A named span of a recording, or a moment of it where both ends are equal."""

    class Kind(models.TextChoices):
        STIMULUS = "stimulus", "Stimulus"
        EVENT = "event", "Event"
        BASELINE = "baseline", "Baseline"
        EXCLUDE = "exclude", "Excluded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="markers", db_index=False)
    start_s = models.FloatField()
    end_s = models.FloatField()
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=TITLE_MAX_LENGTH, blank=True, default="")
    stimulus = models.ForeignKey(Stimulus, null=True, on_delete=models.SET_NULL, related_name="markers")
    source = models.CharField(
        max_length=SOURCE_MAX_LENGTH, help_text="`person`, `template`, `import:FORMAT` or `collected`."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(start_s__gte=0) & Q(end_s__gte=F("start_s")), name="marker_is_a_span"),
        ]
        indexes = [models.Index(fields=["recording", "start_s"], name="marker_by_recording")]

    def __str__(self) -> str:
        return f"{self.name or self.kind} {self.start_s:.1f}-{self.end_s:.1f} s"


class CollectionLink(models.Model):
    """A link by which participants without an account record themselves while they see the project's stimuli.

    Of its secret only the digest is stored. Its text never changes, for participants agreed to it. Once it is closed,
    nobody begins by it, and those who have begun can send for SENDING_HOURS.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="collection_links")
    digest = models.CharField(max_length=64, unique=True)
    consent_text = models.TextField(max_length=CONSENT_MAX_LENGTH)
    random_order = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link to collect {self.project}"

    @property
    def sending_ends_at(self) -> datetime | None:
        """Until when those who have begun can send, once it is closed."""
        return self.closed_at and self.closed_at + timedelta(hours=SENDING_HOURS)


class CollectionSession(models.Model):
    """A participant who agreed and began; `recording` is there once the participant has finished."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(CollectionLink, on_delete=models.CASCADE, related_name="sessions")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="collection_sessions")
    begun_at = models.DateTimeField(auto_now_add=True, help_text="When the participant agreed.")
    stimuli = models.JSONField(help_text="Id and name of each stimulus, in the order in which they are shown.")
    upload = models.OneToOneField(Upload, null=True, on_delete=models.SET_NULL, related_name="+")
    recording = models.OneToOneField(Recording, null=True, on_delete=models.CASCADE, related_name="collection_session")
    dropped_frames = models.PositiveIntegerField(null=True, help_text="Null where the browser could not tell.")

    def __str__(self) -> str:
        return f"{self.participant}, {self.begun_at:%Y-%m-%d %H:%M}"


class TranscriptLine(models.Model):
    """What was said in a span of a recording."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="transcript", db_index=False)
    start_s = models.FloatField()
    end_s = models.FloatField()
    speaker = models.CharField(max_length=NAME_MAX_LENGTH, blank=True, default="")
    text = models.CharField(max_length=TEXT_MAX_LENGTH)

    class Meta:
        indexes = [models.Index(fields=["recording", "start_s"], name="transcript_by_recording")]

    def __str__(self) -> str:
        return f"{self.start_s:.1f}-{self.end_s:.1f} s: {self.text[:40]}"


class Comparison(models.Model):
    """A saved comparison. What it says never changes, whatever becomes of the rows that it was computed from.

    It is deleted with the first of its recordings that is erased, for its result holds what was derived from them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="comparisons", db_index=False)
    name = models.CharField(max_length=TITLE_MAX_LENGTH)
    measures = ArrayField(models.CharField(max_length=NAME_MAX_LENGTH))
    factor = models.ForeignKey(Variable, null=True, on_delete=models.SET_NULL, related_name="+")
    factor_name = models.CharField(max_length=NAME_MAX_LENGTH, help_text=f"The variable's name, or `{STIMULUS}`.")
    paired = models.BooleanField()
    baseline = models.BooleanField()
    exclusions = models.JSONField(default=list, help_text="What was left out, and why.")
    model_name = models.CharField(max_length=100)
    model_version = models.CharField(max_length=20)
    result = models.JSONField()
    recording_ids = ArrayField(models.UUIDField(), help_text="Of the recordings that it rests on.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at"], name="comparison_by_project"),
            GinIndex(fields=["recording_ids"], name="comparison_by_recording"),
        ]

    def __str__(self) -> str:
        return self.name


class QualityThresholds(models.Model):
    """What the recordings of a project need to be compared, as shares 0 to 1; null needs nothing."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="quality_thresholds"
    )
    face_share = models.FloatField(null=True)
    face_size = models.FloatField(null=True)
    voice_share = models.FloatField(null=True)
    mean_confidence = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "quality thresholds"

    def __str__(self) -> str:
        return f"thresholds of {self.project_id}"
