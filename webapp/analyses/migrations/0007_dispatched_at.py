from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the field; its column stays, for the release that runs during the upgrade uses it."""

    dependencies = [("analyses", "0006_turns")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("analysis", "nudged_at", "dispatched_at"),
                migrations.AlterField("analysis", "dispatched_at", models.DateTimeField(db_column="nudged_at")),
            ]
        )
    ]
