"""/healthz says that the process lives; /readyz whether everything that it needs is there."""

import errno
import json
import os
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from inference import store
from inference.sandbox import limits
from webapp.core.checks import check_sandbox
from webapp.core.redis_client import redis_client

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def elsewhere(settings: Any) -> Any:
    """Redis does not answer."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis_client.cache_clear()
    yield
    redis_client.cache_clear()


def ready(client: Client) -> tuple[int, list[str]]:
    answer = client.get("/readyz")
    found = answer.json()
    assert set(found) == {"ready", "failing"}
    assert found["ready"] == (answer.status_code == 200)
    return answer.status_code, found["failing"]


def test_alive_needs_nothing(client: Client, elsewhere: None) -> None:
    answer = client.get("/healthz")  # without the database: this test may not use it
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_ready_when_all_is_there(db: None, client: Client) -> None:
    assert ready(client) == (200, [])


def test_redis_that_does_not_answer_is_named(db: None, client: Client, elsewhere: None) -> None:
    assert ready(client) == (503, ["redis"])


def test_a_system_that_cannot_confine_readers_is_named_and_told_at_the_start(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_sandbox() == []
    monkeypatch.setattr(limits, "missing_protections", lambda: ("landlock",))
    assert ready(client) == (503, ["sandbox"])
    assert [found.id for found in check_sandbox()] == ["emotrace.E006"]
    monkeypatch.setenv("EMOTRACE_SANDBOX_WITHOUT", "landlock")
    assert ready(client) == (200, [])
    assert [found.id for found in check_sandbox()] == ["emotrace.W003"]


def test_a_database_that_does_not_answer_is_named(
    servers: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest-django forbids the connection, which is as good as a server that is gone
    assert ready(client) == (503, ["database", "migrations"])


def test_a_migration_that_is_not_applied_is_named(db: None, client: Client) -> None:
    last = next(name for app, name in MigrationLoader(connection).graph.leaf_nodes() if app == "analyses")
    MigrationRecorder(connection).record_unapplied("analyses", last)
    assert ready(client) == (503, ["migrations"])


def test_a_store_without_the_default_models_is_named(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    assert ready(client) == (503, ["models"])


def test_weights_that_cannot_be_read_are_named(db: None, client: Client, models: Path) -> None:
    assert ready(client) == (200, [])
    (models / "fusion-cnn-5/1/weights.safetensors").unlink()
    assert ready(client) == (503, ["models"])


@pytest.mark.parametrize("name", ["intermediate-attention-8", "fusion-cnn-5", "intermediate-attention-5"])
def test_weights_that_became_others_are_named(db: None, client: Client, models: Path, name: str) -> None:
    """The last is a part of the second."""
    path = models / "fusion-cnn-5/1/spec.json"
    members = {
        "members": {"audio_video": "intermediate-attention-5@1"},
        "members_sha256": {"audio_video": store.get("intermediate-attention-5").used.sha256},
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | members))
    assert ready(client) == (200, [])
    (models / name / "1/weights.safetensors").write_bytes(b"damaged")
    assert ready(client) == (503, ["models"])


def test_weights_are_read_once_while_they_stay_the_same(
    db: None, client: Client, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready(client) == (200, [])
    monkeypatch.delattr(store, "sha256_file")
    assert ready(client) == (200, [])


@pytest.mark.parametrize("number", [errno.EROFS, errno.EDQUOT, errno.EIO])
def test_media_that_cannot_be_written_to_are_named(
    db: None, client: Client, media_root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    really = os.open

    def refuse(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if str(path).startswith(str(media_root)) and flags & os.O_RDWR:
            raise OSError(number, os.strerror(number), path)
        return really(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert ready(client) == (503, ["storage"])


def test_nothing_is_left_of_a_probe(db: None, client: Client, media_root: Path, settings: Any) -> None:
    assert ready(client) == (200, [])
    assert list((media_root / "incoming").iterdir()) == []
    assert not redis.Redis.from_url(settings.REDIS_URL).exists("emotrace:probe")


def test_redis_that_takes_nothing_more_is_named(db: None, client: Client, full_redis: None) -> None:
    assert ready(client) == (503, ["redis"])


def test_a_full_disk_is_named(db: None, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    free = settings.DISK_RESERVE_BYTES - 1
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10**12, 10**12 - free, free))
    assert ready(client) == (503, ["disk"])


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_are_not_led_to_https(db: None, client: Client, settings: Any, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(address).status_code == 200


def test_an_error_of_a_driver_reaches_nobody(db: None, client: Client, elsewhere: None) -> None:
    assert "127.0.0.1:1" not in client.get("/readyz").content.decode()
