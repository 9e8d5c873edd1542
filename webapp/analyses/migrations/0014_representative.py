from django.db import migrations, models

# Whatever is not the latest of its recording, of those that were not cancelled if possible.
MARK = """
UPDATE analyses_analysis SET is_representative = false
WHERE id NOT IN (
    SELECT DISTINCT ON (recording_id) id FROM analyses_analysis
    ORDER BY recording_id, status = 'cancelled', created_at DESC
)
"""
# A trigger, because the release before runs during the upgrade.
CHOOSE = """
CREATE FUNCTION analysis_choose_representative() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE analyses_analysis SET is_representative = NOT is_representative
    WHERE recording_id = NEW.recording_id AND is_representative <> (id = (
        SELECT id FROM analyses_analysis WHERE recording_id = NEW.recording_id
        ORDER BY status = 'cancelled', created_at DESC LIMIT 1
    ));
    RETURN NULL;
END $$;
CREATE TRIGGER analysis_added AFTER INSERT ON analyses_analysis
    FOR EACH ROW EXECUTE FUNCTION analysis_choose_representative();
CREATE TRIGGER analysis_cancelled AFTER UPDATE OF status ON analyses_analysis
    FOR EACH ROW WHEN ((NEW.status = 'cancelled') <> (OLD.status = 'cancelled'))
    EXECUTE FUNCTION analysis_choose_representative();
"""
CHOOSE_NO_MORE = """
DROP TRIGGER analysis_added ON analyses_analysis;
DROP TRIGGER analysis_cancelled ON analyses_analysis;
DROP FUNCTION analysis_choose_representative();
"""


class Migration(migrations.Migration):
    dependencies = [("analyses", "0013_segment_indexes")]

    operations = [
        migrations.AddField(
            model_name="analysis",
            name="is_representative",
            field=models.BooleanField(
                db_default=True, default=True, help_text="Whether it stands for its recording in lists."
            ),
        ),
        migrations.AddIndex(
            model_name="analysis",
            index=models.Index(
                condition=models.Q(("is_representative", True)),
                fields=["recording"],
                include=("status", "label", "model_name", "model_version"),
                name="analysis_representative",
            ),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.RunSQL(CHOOSE, CHOOSE_NO_MORE),
    ]
