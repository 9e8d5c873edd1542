import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0008_participant"),
        ("studies", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityThresholds",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="quality_thresholds",
                        serialize=False,
                        to="recordings.project",
                    ),
                ),
                ("face_share", models.FloatField(null=True)),
                ("face_size", models.FloatField(null=True)),
                ("voice_share", models.FloatField(null=True)),
                ("mean_confidence", models.FloatField(null=True)),
            ],
            options={
                "verbose_name_plural": "quality thresholds",
            },
        ),
    ]
