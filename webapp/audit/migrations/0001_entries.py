import django.db.models.functions.datetime
from django.db import migrations, models

# Triggers hold for every role, the table's owner too. That the application may not remove them is a matter of its role.
REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_no_change;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_no_truncate;
"""
ALLOW = """
DROP TRIGGER audit_no_truncate ON audit_entry;
DROP TRIGGER audit_no_change ON audit_entry;
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("action", models.CharField(max_length=40)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("link_id", models.UUIDField(null=True)),
                ("kind", models.CharField(blank=True, max_length=40)),
                ("object_id", models.CharField(blank=True, max_length=36)),
                ("request_id", models.CharField(blank=True, max_length=32)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["owner_id", "-id"], name="audit_entry_owner_i_7a2f88_idx"),
                    models.Index(fields=["actor_id", "-id"], name="audit_entry_actor_i_0982ab_idx"),
                    models.Index(fields=["at"], name="audit_entry_at_06beca_idx"),
                ],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
