import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("recordings", "0008_participant"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stimulus",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("length_s", models.FloatField()),
                ("file", models.FileField(blank=True, default="", max_length=200, upload_to="")),
                ("original_name", models.CharField(blank=True, default="", max_length=255)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("bytes", models.PositiveBigIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stimuli",
                        to="recordings.project",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "stimuli",
            },
        ),
        migrations.CreateModel(
            name="Marker",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("start_s", models.FloatField()),
                ("end_s", models.FloatField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("stimulus", "Stimulus"),
                            ("event", "Event"),
                            ("baseline", "Baseline"),
                            ("exclude", "Excluded"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=120)),
                (
                    "source",
                    models.CharField(help_text="`person`, `template`, `import:FORMAT` or `collection`.", max_length=20),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="markers",
                        to="recordings.recording",
                    ),
                ),
                (
                    "stimulus",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="markers",
                        to="studies.stimulus",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TranscriptLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start_s", models.FloatField()),
                ("end_s", models.FloatField()),
                ("speaker", models.CharField(blank=True, default="", max_length=80)),
                ("text", models.CharField(max_length=2000)),
                (
                    "recording",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transcript",
                        to="recordings.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Variable",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        max_length=80,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[^{}*]*$", "A variable's name has no braces and no asterisk in it."
                            )
                        ],
                    ),
                ),
                ("kind", models.CharField(choices=[("category", "Category"), ("number", "Number")], max_length=10)),
                (
                    "unit_of",
                    models.CharField(
                        choices=[("participant", "Participant"), ("recording", "Recording")], max_length=12
                    ),
                ),
                (
                    "levels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        default=list,
                        help_text="Of a category, in their order.",
                        size=None,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variables",
                        to="recordings.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comparison",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "measures",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None),
                ),
                ("factor_name", models.CharField(help_text="The variable's name, or `stimulus`.", max_length=80)),
                ("paired", models.BooleanField()),
                ("baseline", models.BooleanField()),
                ("exclusions", models.JSONField(default=list, help_text="What was left out, and why.")),
                ("model_name", models.CharField(max_length=100)),
                ("model_version", models.CharField(max_length=20)),
                ("result", models.JSONField()),
                (
                    "recording_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="Of the recordings that it rests on.", size=None
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comparisons",
                        to="recordings.project",
                    ),
                ),
                (
                    "factor",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="studies.variable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VariableValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(blank=True, default="", max_length=80)),
                ("number", models.FloatField(null=True)),
                (
                    "participant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variable_values",
                        to="recordings.participant",
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variable_values",
                        to="recordings.recording",
                    ),
                ),
                (
                    "variable",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="values",
                        to="studies.variable",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="stimulus",
            constraint=models.UniqueConstraint(
                models.F("project"), django.db.models.functions.text.Lower("name"), name="stimulus_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="stimulus",
            constraint=models.CheckConstraint(condition=models.Q(("length_s__gt", 0)), name="stimulus_has_length"),
        ),
        migrations.AddIndex(
            model_name="marker",
            index=models.Index(fields=["recording", "start_s"], name="marker_by_recording"),
        ),
        migrations.AddConstraint(
            model_name="marker",
            constraint=models.CheckConstraint(
                condition=models.Q(("start_s__gte", 0), ("end_s__gte", models.F("start_s"))), name="marker_is_a_span"
            ),
        ),
        migrations.AddIndex(
            model_name="transcriptline",
            index=models.Index(fields=["recording", "start_s"], name="transcript_by_recording"),
        ),
        migrations.AddConstraint(
            model_name="variable",
            constraint=models.UniqueConstraint(
                models.F("project"), django.db.models.functions.text.Lower("name"), name="variable_name_once"
            ),
        ),
        migrations.AddIndex(
            model_name="comparison",
            index=models.Index(fields=["project", "-created_at"], name="comparison_by_project"),
        ),
        migrations.AddIndex(
            model_name="comparison",
            index=django.contrib.postgres.indexes.GinIndex(fields=["recording_ids"], name="comparison_by_recording"),
        ),
        migrations.AddConstraint(
            model_name="variablevalue",
            constraint=models.CheckConstraint(
                condition=models.Q(("participant__isnull", False), ("recording__isnull", False), _connector="XOR"),
                name="value_of_one_unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="variablevalue",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), ("number__isnull", True), _connector="XOR"), name="value_of_one_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="variablevalue",
            constraint=models.UniqueConstraint(fields=("variable", "participant"), name="value_participant_once"),
        ),
        migrations.AddConstraint(
            model_name="variablevalue",
            constraint=models.UniqueConstraint(fields=("variable", "recording"), name="value_recording_once"),
        ),
    ]
