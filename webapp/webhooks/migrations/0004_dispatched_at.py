from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the field; its column stays, for the release that runs during the upgrade uses it."""

    dependencies = [("webhooks", "0003_delivery_recording")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("delivery", "nudged_at", "dispatched_at"),
                migrations.AlterField("delivery", "dispatched_at", models.DateTimeField(db_column="nudged_at")),
            ]
        )
    ]
