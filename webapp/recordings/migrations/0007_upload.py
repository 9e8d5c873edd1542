import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the model Transfer to Upload. Its table stays, for the release that runs during the upgrade uses it."""

    dependencies = [
        ("recordings", "0006_eeg_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Transfer", "Upload"),
                migrations.AlterModelTable("upload", "recordings_transfer"),
                migrations.AlterField(
                    "upload",
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploads",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ]
        )
    ]
