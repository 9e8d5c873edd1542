from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that begin with the owner, made beside the writers."""

    atomic = False

    dependencies = [("analyses", "0012_fill_segment_owner")]

    operations = [
        AddIndexConcurrently("segment", models.Index(fields=["owner", "id"], name="segment_newest")),
        AddIndexConcurrently(
            "segment", models.Index(fields=["owner", "label", "confidence", "duration_s"], name="segment_label")
        ),
        AddIndexConcurrently("segment", models.Index(fields=["owner", "confidence", "id"], name="segment_confidence")),
        AddIndexConcurrently("segment", models.Index(fields=["owner", "duration_s", "id"], name="segment_duration")),
    ]
