import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A worker of the release before, which runs during the upgrade, does not write the owner.
COPY_OWNER = """
CREATE FUNCTION segment_copy_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT recording.owner_id INTO NEW.owner_id
    FROM analyses_analysis analysis JOIN recordings_recording recording ON recording.id = analysis.recording_id
    WHERE analysis.id = NEW.analysis_id;
    RETURN NEW;
END $$;
CREATE TRIGGER segment_copy_owner BEFORE INSERT ON analyses_segment
    FOR EACH ROW WHEN (NEW.owner_id IS NULL) EXECUTE FUNCTION segment_copy_owner();
"""
FORGET_OWNER = """
DROP TRIGGER segment_copy_owner ON analyses_segment;
DROP FUNCTION segment_copy_owner();
"""


def without_index(model: str, related_name: str, index: str) -> migrations.SeparateDatabaseAndState:
    """Remove the index of the analysis, with which another one begins. Django would check the constraint anew."""
    field = models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="analyses.analysis",
    )
    create = f"CREATE INDEX {index} ON analyses_{model} (analysis_id)"
    return migrations.SeparateDatabaseAndState(
        [migrations.RunSQL(f"DROP INDEX {index}", create)],
        [migrations.AlterField(model, "analysis", field)],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("analyses", "0010_neutral_baseline"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex("segment", "analyses_se_label_f9fa36_idx"),
        without_index("segment", "segments", "analyses_segment_analysis_id_da2e68be"),
        without_index("windowscore", "windows", "analyses_windowscore_analysis_id_9717406d"),
        migrations.AddField(
            model_name="segment",
            name="owner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="Of the recording.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(COPY_OWNER, FORGET_OWNER),
    ]
