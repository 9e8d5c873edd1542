from typing import Any

from django.db import migrations

BATCH_SIZE = 50_000
FILL = """
UPDATE analyses_segment segment SET owner_id = recording.owner_id
FROM analyses_analysis analysis JOIN recordings_recording recording ON recording.id = analysis.recording_id
WHERE segment.analysis_id = analysis.id AND segment.owner_id IS NULL AND segment.id >= %s AND segment.id < %s
"""


def fill(apps: Any, schema_editor: Any) -> None:
    """Copy the owner to each segment, in transactions of BATCH_SIZE; begun again, it goes on where it ended."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM analyses_segment WHERE owner_id IS NULL")
        first, last = cursor.fetchone()
        for start in range(first, last + 1, BATCH_SIZE) if first is not None else ():
            cursor.execute(FILL, [start, start + BATCH_SIZE])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("analyses", "0011_segment_owner")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
