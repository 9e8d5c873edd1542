"""Stimuli have an order of their own, which was that of their names, and a picture as well as a video."""

from django.db import migrations, models

FILL = """
UPDATE studies_stimulus SET position = ordered.place, medium = CASE WHEN file = '' THEN 'none' ELSE 'video' END
FROM (
    SELECT id, row_number() OVER (PARTITION BY project_id ORDER BY lower(name)) - 1 AS place FROM studies_stimulus
) AS ordered
WHERE ordered.id = studies_stimulus.id;
SET CONSTRAINTS ALL IMMEDIATE
"""  # PostgreSQL alters no table whose rows wait for a check


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0003_collection"),
    ]

    operations = [
        migrations.AddField(
            model_name="stimulus",
            name="medium",
            field=models.CharField(
                choices=[("none", "The name, as text"), ("video", "A video"), ("picture", "A picture")],
                default="none",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="stimulus",
            name="position",
            field=models.PositiveIntegerField(default=0, help_text="Its place among the project's stimuli, from 0."),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="stimulus",
            constraint=models.CheckConstraint(
                condition=models.Q(("medium", "none"), models.Q(("file", ""), _negated=True), _connector="XOR"),
                name="stimulus_medium_has_file",
            ),
        ),
    ]
