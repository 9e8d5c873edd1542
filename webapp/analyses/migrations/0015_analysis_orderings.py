from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The orderings of the list, which would otherwise sort all analyses of a user."""

    atomic = False

    dependencies = [("analyses", "0014_representative")]

    operations = [
        AddIndexConcurrently("analysis", models.Index(fields=["status", "id"], name="analysis_by_status")),
        AddIndexConcurrently("analysis", models.Index(fields=["label", "id"], name="analysis_by_label")),
        AddIndexConcurrently("analysis", models.Index(fields=["model_name", "id"], name="analysis_by_model")),
    ]
