import uuid

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0007_upload"),
    ]

    operations = [
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=80)),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="participants",
                        to="recordings.project",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="recording",
            name="participant",
            field=models.ForeignKey(
                help_text="Of the recording's project.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="recordings",
                to="recordings.participant",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(
                models.F("project"), django.db.models.functions.text.Lower("code"), name="participant_code_once"
            ),
        ),
    ]
