"""Analyses and their results. The rows are authoritative; messages to workers are only hints."""

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from inference.eeg.quality import describe
from inference.export.codec import decode
from inference.timeline.summary import summarise_dimensions
from inference.types import UNDETERMINED, EegFacts
from webapp.accounts.models import User
from webapp.recordings.models import Recording


class Analysis(models.Model):
    """One analysis of one recording by one model.

    It has two steps, each leased by a worker: prediction, until the timeline is published (`timeline_at`), and
    rendering of the labelled video. Only the holder of `lease_token` may write. Of a long recording, both are divided
    into `spans`; meanwhile it is running without a lease of its own, then queued to be merged.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="analyses")
    model_name = models.CharField(max_length=100)
    model_version = models.CharField(max_length=20)
    model_sha256 = models.CharField(max_length=64)

    # Kept by a trigger: the latest of the recording, of those that were not cancelled if there are any.
    is_representative = models.BooleanField(
        default=True, db_default=True, help_text="Whether it stands for its recording in lists."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=10, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share of the whole work, rendering included, 0 to 1.")
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(db_column="nudged_at")
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    timeline_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # The timeline, set together with the windows and segments below when it is published.
    mode = models.CharField(max_length=20, blank=True)
    input_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the video that was read.")
    models_used = models.JSONField(default=list)
    labels = ArrayField(models.CharField(max_length=40), default=list)
    notice = models.TextField(blank=True)
    eeg_facts = models.JSONField(null=True, help_text="How the EEG was read: `eeg` of result.json.")
    label = models.CharField(max_length=40, blank=True, help_text="The label with the largest share of the time.")
    shares = ArrayField(models.FloatField(), default=list, help_text="Of each label, then of undetermined.")
    mean_probability = models.JSONField(null=True, help_text="{label: p}; null where an earlier version read it.")
    audio_video = models.JSONField(null=True, help_text="With EEG: the summary of what audio and video alone say.")

    class Meta:
        verbose_name_plural = "analyses"
        indexes = [
            models.Index(fields=["recording", "-created_at"]),
            models.Index(fields=["-created_at"]),
            models.Index(fields=["status", "id"], name="analysis_by_status"),
            models.Index(fields=["label", "id"], name="analysis_by_label"),
            models.Index(fields=["model_name", "id"], name="analysis_by_model"),
            models.Index(
                fields=["status", "heartbeat_at"], condition=Q(status__in=("queued", "running")), name="analysis_open"
            ),
            models.Index(
                fields=["recording"],
                include=["status", "label", "model_name", "model_version"],
                condition=Q(is_representative=True),
                name="analysis_representative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} on {self.recording_id}"

    @property
    def eeg_note(self) -> str:
        """A sentence about how the EEG was read; empty without EEG."""
        return describe(decode(self.eeg_facts, EegFacts)) if self.eeg_facts else ""

    @property
    def summary(self) -> dict[str, Any] | None:
        """The `summary` of result.json; None until the timeline is published."""
        if self.timeline_at is None:
            return None
        mean = self.mean_probability
        dimensions = {} if mean is None else summarise_dimensions(self.labels, mean)
        return {
            "label": self.label,
            "share": dict(zip((*self.labels, UNDETERMINED), self.shares, strict=True)),
            "mean_probability": mean,
            "valence": dimensions.get("valence"),
            "arousal": dimensions.get("arousal"),
            "audio_video": self.audio_video,
        }


class Span(models.Model):
    """A part of a long recording that one worker reads, or a piece of its labelled video that one worker renders.

    The rows exist until the timeline is published, or the labelled video. Only the holder of `lease_token` may write.
    `survey` is what all spans need to know of the whole sound, in the rows of those whose worker found it out.
    """

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="spans", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="From 0 on, in the order of time.")
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=0.0, help_text="Share of the span that is done, 0 to 1.")
    survey = models.BinaryField(null=True, help_text="`SoundSurvey.encode`.")
    reading = models.BinaryField(null=True, help_text="`SpanReading.encode`; null until it is read.")
    video = models.FileField(max_length=200, blank=True, help_text="The piece; empty until it is rendered.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analysis", "number"], name="span_once")]

    def __str__(self) -> str:
        return f"span {self.number} of {self.analysis_id}"


class Turn(models.Model):
    """When workers last took a step of this user's analyses: the user who has waited longest is next."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    read_at = models.DateTimeField(null=True)
    rendered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"turn of {self.user_id}"


class WindowScore(models.Model):
    """The scores of one network in one window. The arrays follow the analysis' `labels`."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="windows", db_index=False)
    start_s = models.FloatField()
    end_s = models.FloatField()
    source = models.CharField(max_length=20)
    logits = ArrayField(models.FloatField())
    probabilities = ArrayField(models.FloatField())
    face = models.FloatField()
    voice = models.FloatField()
    unimodal = models.JSONField(null=True, help_text="{modality: probabilities}; null where that was not recorded.")
    voice_novelty = models.FloatField(null=True, help_text="How unlike the model's training voices, 0 to 1.")

    class Meta:
        indexes = [models.Index(fields=["analysis", "start_s"])]

    def __str__(self) -> str:
        return f"{self.source} {self.start_s:.1f}-{self.end_s:.1f} s"


class Segment(models.Model):
    """A part of the timeline with one label."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="segments", db_index=False)
    # A copy, which never changes: indexes that begin with it answer searches among all segments of a user.
    owner = models.ForeignKey(
        User,
        on_delete=models.DO_NOTHING,  # the rows go with their analysis
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        help_text="Of the recording.",
    )
    start_s = models.FloatField()
    end_s = models.FloatField()
    duration_s = models.GeneratedField(
        expression=F("end_s") - F("start_s"), output_field=models.FloatField(), db_persist=True
    )
    label = models.CharField(max_length=40)
    confidence = models.FloatField()
    probabilities = ArrayField(models.FloatField(), help_text="They follow the analysis' labels.")
    face = models.FloatField()
    voice = models.FloatField()
    eeg = models.FloatField()
    unimodal = models.JSONField(
        null=True, help_text="{modality: probabilities in the order of the labels}; null where that was not recorded."
    )
    reason = models.CharField(
        max_length=30, blank=True, db_default="", help_text="Why it is undetermined, where that was recorded."
    )
    voice_novelty = models.FloatField(null=True, help_text="The mean of its windows.")

    class Meta:
        indexes = [
            models.Index(fields=["analysis", "start_s"]),
            models.Index(fields=["owner", "id"], name="segment_newest"),
            models.Index(fields=["owner", "label", "confidence", "duration_s"], name="segment_label"),
            models.Index(fields=["owner", "confidence", "id"], name="segment_confidence"),
            models.Index(fields=["owner", "duration_s", "id"], name="segment_duration"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.start_s:.1f}-{self.end_s:.1f} s"


class FaceTrack(models.Model):
    """The face positions of an analysis in one row, because two hours have thirty thousand of them."""

    analysis = models.OneToOneField(Analysis, on_delete=models.CASCADE, primary_key=True, related_name="face_track")
    step_s = models.FloatField(help_text="One was looked for as often.")
    times_s = ArrayField(models.FloatField(), help_text="Of those that were found.")
    boxes = ArrayField(
        ArrayField(models.IntegerField(), size=4),
        help_text="Left, top, width and height in pixels of the picture as shown.",
    )
    frontal = ArrayField(
        models.BooleanField(), null=True, help_text="Whether each looks at the camera; null where not recorded."
    )
    people = ArrayField(
        models.PositiveSmallIntegerField(null=True),
        null=True,
        help_text="In the frame of each, where all of it was searched; null where not recorded.",
    )

    def __str__(self) -> str:
        return f"{len(self.times_s)} faces of {self.analysis_id}"


class CorrectedTimeline(models.Model):
    """A user's corrected timeline; the predicted one stays unchanged.

    The row stays when the corrections are removed, with empty `segments`, so that revisions only increase and nobody
    overwrites changes that they have not seen.
    """

    analysis = models.OneToOneField(Analysis, on_delete=models.CASCADE, primary_key=True, related_name="corrected")
    revision = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)
    segments = models.JSONField(default=list, help_text="Of [start_s, end_s, label, note].")

    def __str__(self) -> str:
        return f"revision {self.revision} of {self.analysis_id}"


class NeutralBaseline(models.Model):
    """A span of the recording in which the person is neutral, as its owner marked it."""

    analysis = models.OneToOneField(
        Analysis, on_delete=models.CASCADE, primary_key=True, related_name="neutral_baseline"
    )
    start_s = models.FloatField()
    end_s = models.FloatField()
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"neutral {self.start_s:.1f}-{self.end_s:.1f} s"


class Artifact(models.Model):
    """A file made by an analysis."""

    class Kind(models.TextChoices):
        VIDEO = "video"
        CHAPTERS = "chapters"

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="artifacts")
    kind = models.CharField(max_length=10, choices=Kind)
    file = models.FileField(max_length=200)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["analysis", "kind"], name="artifact_once_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.analysis_id}"

    @property
    def key(self) -> str:
        """The file's key in the storage."""
        return str(self.file)
