"""Each test has media and a cache of its own; those that ask for it, a store of models."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.model_specs import spec_data
from tests.webapp.factories import MODEL, WEIGHTS, UserFactory
from webapp.accounts.models import User

Names = Callable[..., None]
KINDS = {"intermediate-attention-8": "audio-video", "intermediate-attention-5": "audio-video", "fusion-cnn-5": "fusion"}


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings: Any) -> Path:
    root = tmp_path / "media"
    (root / "incoming").mkdir(parents=True)
    settings.MEDIA_ROOT, settings.FILE_UPLOAD_TEMP_DIR = root, root / "incoming"
    return root


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with models to choose from, which cannot be opened."""
    root = tmp_path / "models"
    for name, kind in KINDS.items():
        folder = root / name / "1"
        folder.mkdir(parents=True)
        spec = spec_data(
            kind, name=name, notice="For research.", labels=["neutral", "happy", "sad"], weights_sha256=MODEL.sha256
        )
        (folder / "spec.json").write_text(json.dumps(spec))
        (folder / "metrics.json").write_text(json.dumps({"scores": {"test": {"accuracy": 0.5}}}))
        (folder / "MODEL_CARD.md").write_text("# The model")
        (folder / "weights.safetensors").write_bytes(WEIGHTS)
    monkeypatch.setenv("EMOTRACE_MODELS", str(root))
    return root


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def stranger(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def client_of() -> Callable[[User | None], APIClient]:
    """A REST client of somebody, or of nobody."""

    def client(user: User | None) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return client


@pytest.fixture
def api(owner: User, client_of: Callable[[User | None], APIClient]) -> Iterator[APIClient]:
    """The owner's REST client. Nobody is throttled for what another test did."""
    cache.clear()
    yield client_of(owner)
    cache.clear()


@pytest.fixture
def full_redis(settings: Any) -> Iterator[None]:
    """A Redis that takes nothing more."""
    server = redis.Redis.from_url(settings.REDIS_URL)
    names = ("maxmemory", "maxmemory-policy")
    before = {name: server.config_get(name)[name] for name in names}
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", 1)
    yield
    for name in names:
        server.config_set(name, str(before[name]))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Say what a host's name leads to: one list of numbers each time that it is looked up, the last for ever."""

    def say(*answers: list[str]) -> None:
        left, really = list(answers), socket.getaddrinfo

        def look_up(host: str, port: int, *more: Any, **options: Any) -> list[Any]:
            if host[0].isdigit():
                return really(host, port, *more, **options)
            numbers = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

        monkeypatch.setattr("webapp.webhooks.ssrf.socket.getaddrinfo", look_up)

    return say


@pytest.fixture
def queue(settings: Any) -> Iterator[redis.Redis]:
    """Redis, whose queues of analyses are empty before and after."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(settings.INFERENCE_QUEUE, settings.RENDER_QUEUE)
    yield client
    client.delete(settings.INFERENCE_QUEUE, settings.RENDER_QUEUE)
