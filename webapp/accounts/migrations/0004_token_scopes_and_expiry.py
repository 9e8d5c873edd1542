"""Tokens that are there already go on as before: they may do everything, and do not expire."""

import django.contrib.postgres.fields
from django.db import migrations, models


def every_scope() -> list[str]:
    return ["read", "write", "account"]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_quotas"),
    ]

    operations = [
        migrations.AddField(
            model_name="token",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="token",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "See recordings, timelines and files"),
                        ("write", "Upload, analyse again, cancel and delete"),
                        ("account", "Manage webhooks"),
                    ],
                    max_length=20,
                ),
                default=every_scope,
                size=None,
            ),
            preserve_default=False,
        ),
    ]
