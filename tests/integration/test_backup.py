"""A backup, brought into another installation, is the first one again: every row and every file."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from tests.integration.processes import python
from tests.webapp import storages
from tests.webapp.factories import RecordingFactory, UserFactory, finished, with_files
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.core import paths
from webapp.local import embedded
from webapp.operation import postgres
from webapp.operation.backup import DUMP, EXCLUDED_TABLES, MANIFEST, backup
from webapp.recordings import uploads
from webapp.recordings.models import MediaFile, Recording
from webapp.storage import media

pytestmark = pytest.mark.extended

CONTENT = bytes(range(256)) * 9000


@pytest.fixture
def media_root(tmp_path: Path, settings: Any) -> Path:
    root = tmp_path / "media"
    (root / "incoming").mkdir(parents=True)
    settings.MEDIA_ROOT, settings.FILE_UPLOAD_TEMP_DIR = root, root / "incoming"
    return root


@pytest.fixture
def installation(transactional_db: None, media_root: Path) -> Recording:
    """Somebody's recording with a timeline and a labelled video, somebody else's without, and an upload under way."""
    owner = UserFactory.create()
    create_token(user=owner, name="laptop")
    analysis = finished("happy", "undetermined", recording__owner=owner, recording__title="Ünïcode ✓")
    for recording in (analysis.recording, RecordingFactory.create()):
        with_files(recording, video=CONTENT, eeg=b"")
    for file in MediaFile.objects.all():
        MediaFile.objects.filter(pk=file.pk).update(sha256=hashlib.sha256(file.file.read()).hexdigest())
    uploads.create(owner=owner, length=10, name="later.mp4", metadata="")
    return analysis.recording


@pytest.fixture
def other() -> Iterator[Path]:
    """The place of an installation that does not exist yet, where PostgreSQL's own user may pass, too."""
    with TemporaryDirectory(prefix="emotrace-tests-") as place:
        yield Path(place) / "var"


def restored(place: Path, source: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment |= {"EMOTRACE_DATA_DIR": str(place)}
    with python(["manage.py", "restore", str(source)], environment) as process:
        output, errors = process.communicate(timeout=180)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


def rows(cursor: Any) -> dict[str, list[str]]:
    """Every row of every table, as PostgreSQL itself writes it."""
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT each::text FROM "{table}" each ORDER BY 1')  # noqa: S608
        found[table] = [row for (row,) in cursor.fetchall()]
    return found


def rows_of(place: Path) -> dict[str, list[str]]:
    with (
        embedded.servers_running(place),
        closing(psycopg2.connect(paths.embedded_database_url(place))) as there,
        there.cursor() as cursor,
    ):
        return rows(cursor)


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in (root / "recordings").rglob("*") if path.is_file()
    }


def test_every_row_and_file_comes_back(installation: Recording, media_root: Path, tmp_path: Path, other: Path) -> None:
    call_command("backup", str(tmp_path / "backup"))
    assert [*media_root.glob("incoming/*")] == [*media_root.glob("incoming/upload-*")]  # nothing of it is left
    with connection.cursor() as cursor:
        expected = rows(cursor)
    kept = files(media_root)
    assert len(kept) == 5 and any(expected["accounts_token"])
    assert all(table in expected for table in EXCLUDED_TABLES)
    done = restored(other, tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    assert files(other / "media") == kept
    assert {path.stat().st_mode & 0o777 for path in (other / "media" / "recordings").rglob("*.*")} == {0o600}
    found = rows_of(other)
    assert found.pop("recordings_transfer") == []
    expected.pop("recordings_transfer")
    assert found == expected


@pytest.mark.usefixtures("transactional_db", "media_root")
def test_a_sealed_bucket_comes_back_in_another_one(settings: Any, tmp_path: Path, other: Path) -> None:
    settings.ENCRYPTION_KEYS = storages.KEYS
    with storages.server() as server:
        storages.use_bucket(settings, server.bucket("one"))
        with_files(finished("happy").recording, video=CONTENT)
        MediaFile.objects.update(sha256=hashlib.sha256(CONTENT).hexdigest())
        call_command("backup", str(tmp_path / "backup"))
        lying = [path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()]
        assert not any(CONTENT[:64] in each for each in lying)
        two = server.bucket("two")
        names = {"bucket_name": "BUCKET", "endpoint_url": "ENDPOINT", "region_name": "REGION", "location": "PREFIX"}
        environment = {f"EMOTRACE_S3_{names.get(name, name.upper())}": value for name, value in two.items()}
        keys = {"EMOTRACE_ENCRYPTION_KEYS": storages.KEYS[0].hex()}
        done = restored(other, tmp_path / "backup", **environment, **keys)
        assert done.returncode == 0, done.stderr
        storages.use_bucket(settings, two)
        assert len(list(media.list_keys())) == 2
        assert MediaFile.objects.get().file.read() == CONTENT


def test_the_audit_log_is_only_added_to_there_too(installation: Recording, tmp_path: Path, other: Path) -> None:
    call_command("backup", str(tmp_path / "backup"))
    role = {"EMOTRACE_DATABASE_ROLE": "emotrace_app", "EMOTRACE_DATABASE_ROLE_PASSWORD": "a password"}
    done = restored(other, tmp_path / "backup", **role)
    assert done.returncode == 0, done.stderr
    with (
        embedded.servers_running(other),
        closing(psycopg2.connect(paths.embedded_database_url(other))) as there,
        there.cursor() as cursor,
    ):
        there.autocommit = True
        rights = [f"has_table_privilege('emotrace_app', 'audit_entry', '{right}')" for right in ("INSERT", "UPDATE")]
        cursor.execute(f"SELECT {', '.join(rights)}")
        assert cursor.fetchone() == (True, False)
        for change in ("UPDATE audit_entry SET actor_id = 0", "DELETE FROM audit_entry"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only added to"):
                cursor.execute(change)


def test_nothing_is_overwritten(installation: Recording, tmp_path: Path, media_root: Path) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    before = (target / MANIFEST).read_bytes()
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", str(target))
    assert (target / MANIFEST).read_bytes() == before
    with pytest.raises(CommandError, match="has accounts already"):
        call_command("restore", str(target))
    User.objects.all().delete()
    with pytest.raises(CommandError, match="has files already"):
        call_command("restore", str(target))
    assert files(media_root)


@pytest.mark.parametrize("part", [DUMP, "media"])
def test_a_damaged_backup_changes_nothing(
    installation: Recording, tmp_path: Path, media_root: Path, settings: Any, part: str
) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    largest = max((each for each in (target / part).rglob("*")), key=lambda each: each.stat().st_size, default=None)
    path = largest or target / part
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    User.objects.all().delete()
    settings.MEDIA_ROOT = tmp_path / "empty"
    (settings.MEDIA_ROOT / "incoming").mkdir(parents=True)
    with pytest.raises(CommandError, match="damaged"):
        call_command("restore", str(target))
    assert not User.objects.exists()
    assert list(settings.MEDIA_ROOT.rglob("*")) == [settings.MEDIA_ROOT / "incoming"]


def test_a_restoration_that_breaks_off_can_be_repeated(
    installation: Recording, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    User.objects.all().delete()
    settings.MEDIA_ROOT = tmp_path / "empty"
    (settings.MEDIA_ROOT / "incoming").mkdir(parents=True)

    def fail(*_: Any) -> None:
        raise postgres.PostgresError("no room")

    monkeypatch.setattr(postgres, "restore", fail)
    for _ in range(2):
        with pytest.raises(CommandError, match="no room"):
            call_command("restore", str(target))
        assert files(settings.MEDIA_ROOT) == {}


def test_what_was_broken_off_is_no_backup(transactional_db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"has no {MANIFEST}"):
        call_command("restore", str(tmp_path))


def test_a_backup_of_a_later_release_is_refused(installation: Recording, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    manifest = json.loads((target / MANIFEST).read_text())
    manifest["migrations"].append("analyses.9999_later")
    (target / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CommandError, match=r"later release \(it has analyses\.9999_later\)"):
        call_command("restore", str(target))


@pytest.mark.parametrize("name", ["media/../../secret", "/etc/hostname", "secret"])
def test_a_manifest_leads_nowhere_else(installation: Recording, tmp_path: Path, name: str) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    (tmp_path / "secret").write_text("x")
    (target / "secret").write_text("x")
    manifest = json.loads((target / MANIFEST).read_text())
    manifest["files"][name] = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    (target / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CommandError, match="damaged"):
        call_command("restore", str(target))


def test_lost_files_are_told(installation: Recording, tmp_path: Path) -> None:
    gone, changed = MediaFile.objects.filter(kind="video")
    media.delete(gone.key)
    (media.root() / changed.key).write_bytes(b"something else")
    with pytest.raises(CommandError, match=f"missing: {gone.file.name}") as told:
        call_command("backup", str(tmp_path / "backup"))
    assert told.value.returncode == 3
    assert f"not what was received: {changed.file.name}" in str(told.value)
    assert json.loads((tmp_path / "backup" / MANIFEST).read_text())["missing"] == [gone.file.name]


def test_what_is_erased_meanwhile_is_whole(
    installation: Recording, tmp_path: Path, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = postgres.dump

    def erase_then_dump(*arguments: Any) -> None:
        media.delete_recording(installation.pk)
        dump(*arguments)

    monkeypatch.setattr(postgres, "dump", erase_then_dump)
    found = backup(tmp_path / "backup")
    assert not found.missing and not found.damaged
    assert any(str(installation.pk) in name for name in found.files)


def test_every_kind_of_file_is_kept() -> None:
    """Wherever a release adds a table that is left out, it says so here too."""
    tables = {model._meta.db_table for model in apps.get_models()}
    assert set(EXCLUDED_TABLES) <= tables
