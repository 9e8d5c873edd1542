"""Rows in the numbers of a large installation, made inside the database. They have no files."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Index

SEGMENTS_PER_ANALYSIS = 100
RECORDINGS_PER_ANALYSIS = 0.8  # a quarter of the recordings were analysed twice
PROJECTS, TAGS = 20, 10  # of each user
LABELS = ("neutral", "happy", "sad", "angry", "calm", "fearful", "disgust", "surprised")
# Each label is rarer than the one before it.
LABEL = f"(ARRAY{list(LABELS)})[1 + floor({len(LABELS)} * power(random(), 2))::int]"

RECORDINGS = """
INSERT INTO recordings_recording (id, owner_id, title, project_id, consent_at, consent_version, duration_s, width,
    height, fps, has_audio, has_eeg, bytes, created_at, request_sha256)
SELECT md5('recording ' || n)::uuid, {first} + n % {users}, 'Visit ' || n,
    md5('project ' || n % {users} || ' ' || n / {users} % {projects})::uuid, now(), '1', 60 + n % 3600, 640, 480, 25,
    true, false, 1000, now() - ({recordings} - n) * interval '1 minute', ''
FROM generate_series(0, {recordings} - 1) n
"""
PROJECT_ROWS = """
INSERT INTO recordings_project (id, owner_id, name, description, purpose, retention_days, created_at)
SELECT md5('project ' || u || ' ' || n)::uuid, {first} + u, 'Project ' || n, '', '', nullif(n, 0) * 365, now()
FROM generate_series(0, {users} - 1) u, generate_series(0, {projects} - 1) n
"""
TAG_ROWS = """
INSERT INTO recordings_tag (id, owner_id, name)
SELECT md5('tag ' || u || ' ' || n)::uuid, {first} + u, 'tag ' || n
FROM generate_series(0, {users} - 1) u, generate_series(0, {tags} - 1) n
"""
TAGGED_RECORDINGS = """
INSERT INTO recordings_recording_tags (recording_id, tag_id)
SELECT md5('recording ' || n)::uuid, md5('tag ' || n % {users} || ' ' || (n / {users} + t * 3) % {tags})::uuid
FROM generate_series(0, {recordings} - 1) n, generate_series(0, 1) t
"""
FILES = """
INSERT INTO recordings_mediafile (recording_id, kind, file, original_name, sha256, bytes)
SELECT md5('recording ' || n)::uuid, 'video', 'recordings/' || n, 'visit-' || n || '.mp4', md5('' || n), 1000
FROM generate_series(0, {recordings} - 1) n
"""
ANALYSES = """
INSERT INTO analyses_analysis (id, recording_id, model_name, model_version, model_sha256, status, stage, progress,
    attempt, nudged_at, error_code, error_message, created_at, started_at, timeline_at, finished_at, mode, input_sha256,
    models_used, labels, notice, label, shares, mean_probability)
SELECT md5('analysis ' || n)::uuid, md5('recording ' || n % {recordings})::uuid,
    'intermediate-attention-' || (CASE WHEN n % 10 < 8 THEN 8 ELSE 5 END), '1', md5('model'),
    CASE n % 100 WHEN 3 THEN 'failed' WHEN 4 THEN 'failed' WHEN 5 THEN 'cancelled' ELSE 'succeeded' END, '', 1, 1,
    now(), '', '', now() - ({analyses} - n) * interval '48 seconds', now(), now(), now(), 'audio-video', md5('' || n),
    '[{{"name": "intermediate-attention-8", "version": "1", "sha256": "0", "labels": []}}]', '{labels}', '',
    {label}, ARRAY[.3, .3, .2, .1, .1, 0, 0, 0, 0],
    '{{"neutral": 0.3, "happy": 0.3, "sad": 0.2, "angry": 0.1, "calm": 0.1, "fearful": 0, "disgust": 0,
    "surprised": 0}}'
FROM generate_series(0, {analyses} - 1) n
"""
SEGMENTS = """
INSERT INTO analyses_segment (analysis_id, owner_id, start_s, end_s, label, confidence, probabilities, face, voice, eeg,
    voice_novelty)
SELECT analysis.id, analysis.owner_id, 6 * n, 6 * n + 0.72 * (1 + floor(40 * power(random(), 4))), {label},
    0.2 + 0.8 * power(random(), 2), ARRAY[.3, .2, .1, .1, .1, .1, .05, .05], 1, 1, 0, 0.5
FROM (
    SELECT md5('analysis ' || a)::uuid AS id, {first} + a % {recordings} % {users} AS owner_id
    FROM generate_series({start}, {stop} - 1) a
) analysis, generate_series(0, {per_analysis} - 1) n
"""


@dataclass(frozen=True)
class Shape:
    """Rows that belong to so many users, each the same number."""

    name: str
    users: int


SHAPES = {"many": Shape("200 users", 200), "one": Shape("one user", 1)}


def build(shape: Shape, segments: int) -> None:
    """Fill an empty, migrated database; leaves it vacuumed and with statistics, as autovacuum does in time."""
    from django.db import connection

    from webapp.accounts.models import User
    from webapp.analyses.models import Segment

    analyses = segments // SEGMENTS_PER_ANALYSIS
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(shape.users))
    numbers = {
        "first": min(user.pk for user in users),
        "users": shape.users,
        "projects": PROJECTS,
        "tags": TAGS,
        "analyses": analyses,
        "recordings": round(analyses * RECORDINGS_PER_ANALYSIS),
        "labels": "{" + ",".join(LABELS) + "}",
        "per_analysis": SEGMENTS_PER_ANALYSIS,
    }
    with _bulk_cursor() as cursor:
        for statement in (PROJECT_ROWS, TAG_ROWS, RECORDINGS, TAGGED_RECORDINGS, FILES):
            cursor.execute(statement.format(**numbers))
        cursor.execute(ANALYSES.format(**numbers, label=LABEL))
        cursor.execute(import_module("webapp.analyses.migrations.0014_representative").MARK)
    with _without(Segment._meta.indexes), _bulk_cursor() as cursor:
        step = max(analyses // 20, 1)
        for start in range(0, analyses, step):
            spans = {"start": start, "stop": min(start + step, analyses)}
            cursor.execute(SEGMENTS.format(**numbers, **spans, label=LABEL))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _bulk_cursor() -> Iterator[Any]:
    """A superuser's cursor without the triggers, which would look up something for each of the rows."""
    import psycopg2
    from django.db import connection

    parameters = {**connection.get_connection_params(), "user": "postgres", "password": ""}
    known = {name: parameters[name] for name in ("dbname", "user", "host", "port") if parameters.get(name)}
    with closing(psycopg2.connect(**known)) as bulk:
        bulk.autocommit = True
        with bulk.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SELECT setseed(0.5)")
            yield cursor


@contextmanager
def _without(indexes: "Sequence[Index]") -> Iterator[None]:
    """Rows are added several times faster where the indexes of segments are built afterwards."""
    from django.db import connection

    from webapp.analyses.models import Segment

    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(Segment, index)
    yield
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Segment, index)
