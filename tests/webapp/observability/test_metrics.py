"""/metrics: closed to strangers, and right whichever process counted."""

import socket
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.processes import python
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, RecordingFactory, claimed, published, silent_for
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.execution import gpu_metrics
from webapp.analyses.execution.reaper import reap
from webapp.analyses.privacy import account_deletion
from webapp.core.redis_client import redis_client
from webapp.observability import metrics
from webapp.recordings.services import NewRecording, RecordingFiles

TOKEN = "a token of the monitoring"


@pytest.fixture(autouse=True)
def fresh(servers: None, settings: Any) -> None:
    redis_client().delete(gpu_metrics.KEY)
    metrics.UPLOAD_BYTES.reset()
    for each in (metrics.REQUEST_SECONDS, metrics.REAPED):
        each.clear()
    settings.METRICS_TOKEN = TOKEN


def sampled(client: Client) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return samples(answer.content.decode())


def samples(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


@pytest.mark.parametrize("given", [None, "Bearer wrong", f"Token {TOKEN}", "Bearer ", f"Bearer {TOKEN}x"])
def test_strangers_find_nothing(db: None, client: Client, given: str | None) -> None:
    assert client.get("/metrics", headers={"Authorization": given} if given else {}).status_code == 404


def test_without_a_setting_it_is_closed(db: None, client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, None, 200),
        (0, "10.0.0.9", 404),  # through a proxy that the settings do not know of
        (1, "10.0.0.9", 200),
        (1, "203.0.113.7", 404),
        (1, "10.0.0.9, 203.0.113.7", 404),  # what the client itself said does not count
        (1, None, 200),
        (2, "10.0.0.9, 203.0.113.7", 200),
        (1, "rubbish", 404),
    ],
)
def test_a_network_is_let_in(
    db: None, client: Client, settings: Any, proxies: int, forwarded: str | None, status: int
) -> None:
    settings.TRUSTED_PROXY_COUNT, settings.METRICS_NETWORKS = proxies, [ip_network("10.0.0.0/8")]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client.get("/metrics", headers=headers, REMOTE_ADDR="10.0.0.5").status_code == status


def test_queues_and_states(db: None, client: Client) -> None:
    waiting = AnalysisFactory.create()
    silent_for(waiting, 100)  # of nudges: what counts is when it was made
    published("happy")
    claimed(AnalysisFactory.create())
    found = sampled(client)
    assert found["emotrace_analyses", "queued"] == 2
    assert found["emotrace_analyses", "running"] == 1
    assert found["emotrace_analyses", "failed"] == 0
    assert (found["emotrace_queue_length", "read"], found["emotrace_queue_length", "render"]) == (1, 1)
    assert found["emotrace_queue_media_seconds", "read"] == waiting.recording.duration_s
    assert 0 < found["emotrace_queue_age_seconds", "read"] < 60
    assert found["emotrace_disk_free_bytes",] > 0
    assert found["emotrace_ready", "database"] == 1


def test_accounts_that_are_being_deleted(
    db: None, client: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    RecordingFactory.create_batch(3, owner=owner)
    RecordingFactory.create()
    found = sampled(client)
    assert (found["emotrace_deletions",], found["emotrace_deletion_recordings",]) == (0, 0)
    monkeypatch.setattr(account_deletion, "ERASE_BATCH_SIZE", 1)
    monkeypatch.setattr(account_deletion, "REQUEST_SECONDS", 0)
    account_deletion.delete_account(user=owner)
    found = sampled(client)
    assert (found["emotrace_deletions",], found["emotrace_deletion_recordings",]) == (1, 2)


def test_kept_bytes_are_counted(
    db: None, django_capture_on_commit_callbacks: Any, owner: User, client: Client, models: Path
) -> None:
    video = SimpleUploadedFile("interview.mp4", clips.video())
    size = video.size
    with django_capture_on_commit_callbacks(execute=True):
        services.submit(owner=owner, new=NewRecording(files=RecordingFiles(video), consent=True))
    assert sampled(client)["emotrace_upload_bytes_total",] == size


def test_what_the_reaper_finds_is_counted(db: None, client: Client, settings: Any) -> None:
    for attempt in (1, settings.MAX_ATTEMPTS):
        analysis = AnalysisFactory.create(attempt=attempt - 1)
        claimed(analysis)
        analysis.refresh_from_db()
        silent_for(analysis, settings.LEASE_SECONDS + 1)
    reap()
    found = sampled(client)
    assert (found["emotrace_reaped_total", "queued"], found["emotrace_reaped_total", "failed"]) == (1, 1)


def test_processes_add_to_the_same_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """
from webapp.observability.metrics import ATTEMPTS, STAGE_SECONDS
for _ in range(50):
    ATTEMPTS.labels(step="read", outcome="done").inc()
    STAGE_SECONDS.labels(stage="score").observe(0.3)
    STAGE_SECONDS.labels(stage="score").observe(5000.0)
"""
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with python(["-c", script], environment) as one, python(["-c", script], environment) as other:
        for each in (one, other):
            _, errors = each.communicate(timeout=60)
            assert each.returncode == 0, errors
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    found = samples(generate_latest(metrics.registry()).decode())
    assert found["emotrace_attempts_total", "done", "read"] == 100
    assert found["emotrace_stage_seconds_bucket", "0.1", "score"] == 0
    assert found["emotrace_stage_seconds_bucket", "0.5", "score"] == 100
    assert found["emotrace_stage_seconds_bucket", "3600.0", "score"] == 100
    assert found["emotrace_stage_seconds_bucket", "+Inf", "score"] == 200
    assert found["emotrace_stage_seconds_count", "score"] == 200
    assert found["emotrace_stage_seconds_sum", "score"] == pytest.approx(100 * 5000.3)


def test_a_process_without_a_web_server_exposes_its_metrics() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    metrics.expose(None)
    metrics.expose(port)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        assert ("emotrace_upload_bytes_total",) in samples(answer.read().decode())


def test_an_answer_is_counted_by_its_view(db: None, client: Client) -> None:
    client.get("/login/")
    client.get("/nowhere")
    assert client.get("/static/emotrace/emotions.css").status_code == 200
    found = sampled(client)
    assert found["emotrace_request_seconds_count", "2xx", "login"] == 1
    assert found["emotrace_request_seconds_count", "4xx", "nothing"] == 1
    assert ("emotrace_request_seconds_count", "2xx", "nothing") not in found
    assert not [key for key in found if "metrics" in key]


def test_without_redis_nothing_breaks(db: None, client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis_client.cache_clear()
    try:
        assert client.get("/login/").status_code == 200
        found = sampled(client)
    finally:
        redis_client.cache_clear()
    assert found["emotrace_ready", "redis"] == 0
    assert ("emotrace_analyses", "queued") in found


def test_a_gpu_is_shown_for_an_hour(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Torch:
        class cuda:  # noqa: N801
            is_available = staticmethod(lambda: True)
            mem_get_info = staticmethod(lambda: (30, 100))

    monkeypatch.setitem(sys.modules, "torch", Torch)
    gpu_metrics.record()
    worker = socket.gethostname()
    assert sampled(client)["emotrace_gpu_memory_used_bytes", worker] == 70
    monkeypatch.setattr(gpu_metrics, "RETENTION_SECONDS", -1)
    assert ("emotrace_gpu_memory_used_bytes", worker) not in sampled(client)
