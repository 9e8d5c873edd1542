"""The lines of a whole journey, from the request to the labelled video: one id on them, and nothing about a person."""

import base64
import shutil
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from inference import store
from tests.conftest import Start
from tests.integration.journal import Journal
from tests.integration.processes import eventually
from tests.integration.rest import PASSWORD, SAMPLES, Person
from webapp.accounts.models import User
from webapp.core import paths

NAME, SURNAME, TITLE, FILE = "Zebulon", "Quackenbush", "Unlikely title 7391", "patient-xylophone.mp4"
ELSEWHERE = "203.0.113.77"


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def web(process: Start, port: int, journal: Journal) -> None:
    listens = f"--bind 127.0.0.1:{port}"
    journal.keep(process("web", GUNICORN_CMD_ARGS=listens, EMOTRACE_TRUSTED_PROXY_COUNT="1", EMOTRACE_LOG_LEVEL="INFO"))
    assert eventually(lambda: _answers(port))


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def zebulon(web: None, port: int, settings: Any, django_user_model: type[User]) -> Person:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]  # as the web process has them
    django_user_model.objects.create_user(
        username=NAME, last_name=SURNAME, email="zebulon@example.org", password=PASSWORD
    )
    person = Person(f"http://127.0.0.1:{port}", NAME)
    person.session.headers["X-Forwarded-For"] = ELSEWHERE
    return person


def send(person: Person, content: Path) -> requests.Response:
    with content.open("rb") as video:
        return person.session.post(
            f"{person.api}recordings/",
            data={"consent": "true", "title": TITLE},
            files={"video": (FILE, video)},
            timeout=60,
        )


def about_somebody(text: str) -> list[str]:
    secrets = [NAME, SURNAME, "zebulon@", TITLE, FILE, FILE.partition(".")[0], ELSEWHERE, PASSWORD]
    return [each for each in secrets if each.lower() in text.lower()]


@pytest.mark.extended
def test_one_id_from_the_request_to_the_video_and_nobody_named(
    process: Start, journal: Journal, zebulon: Person
) -> None:
    journal.keep(process("worker", EMOTRACE_LOG_LEVEL="INFO"))
    answer = send(zebulon, SAMPLES / "interview.mp4")
    assert answer.status_code == 201, answer.text
    analysis, request_id = answer.json()["analysis"]["id"], answer.headers["X-Request-ID"]
    state = zebulon.wait_for(analysis, "succeeded", "failed")
    assert state["status"] == "succeeded", state
    # What people type into addresses and forms, right or wrong.
    zebulon.session.get(f"{zebulon.api}analyses/", params={"label": SURNAME, "status": TITLE}, timeout=60)
    for password in (PASSWORD[::-1], PASSWORD):
        zebulon.session.post(f"{zebulon.api}auth/token/", json={"username": NAME, "password": password}, timeout=60)
    zebulon.session.get(zebulon.api.replace("/api/v1/", f"/{SURNAME}/{FILE}"), timeout=60)
    journal.close()

    assert about_somebody(journal.text) == []
    lines = journal.of(request_id)
    assert [line["status"] for line in lines if line["event"] == "request"] == [201]
    begun = [line["task"].rpartition(".")[2] for line in lines if line["event"] == "task begins"]
    assert begun == ["read", "render"]
    stages = [line for line in lines if line["event"] == "stage ended"]
    assert {line["stage"] for line in stages} == {"probe", "sample", "score", "timeline", "render"}
    assert {line["analysis"] for line in stages} == {analysis}


def test_addresses_that_hold_a_secret_are_not_written(
    process: Start, journal: Journal, zebulon: Person, port: int
) -> None:
    """Whatever goes wrong with them, and whichever program it is that complains."""
    base, browser = f"http://127.0.0.1:{port}", zebulon.session
    project = browser.post(f"{zebulon.api}projects/", json={"name": SURNAME}).json()["id"]
    assert browser.post(f"{zebulon.api}projects/", json={"name": SURNAME}).status_code == 409  # PostgreSQL complains
    assert browser.patch(f"{zebulon.api}projects/{project}/", json={"description": TITLE}).ok
    for path in ("link/Zebulon-secret/", "password/reset/1-Zebulon-secret/", "account/email/Zebulon-secret/"):
        for ask in (requests.get, requests.post):  # without a CSRF token, Django complains
            ask(f"{base}/{path}", timeout=60)
    name = base64.b64encode(FILE.encode()).decode()
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"filename {name}"}
    assert browser.post(f"{zebulon.api}uploads/", headers=tus).status_code == 201
    with socket.create_connection(("127.0.0.1", port)) as wrong:  # gunicorn complains
        wrong.sendall(b"GET /link/Zebulon-secret\x00/ Zebulon\r\n\r\n")
        wrong.recv(1000)
    journal.close()
    database = (paths.data_dir() / "log" / "postgres.log").read_text()
    assert about_somebody(journal.text) == []
    assert about_somebody(database) == []
    assert "Invalid request" in journal.text
    assert "127.0.0.1" not in journal.text.replace("http://127.0.0.1", "")


@pytest.mark.extended
def test_a_worker_that_breaks_says_what_and_where(
    process: Start, journal: Journal, zebulon: Person, tmp_path: Path
) -> None:
    shutil.copytree(store.store_directory(), tmp_path / "models", ignore=shutil.ignore_patterns("weights.safetensors"))
    answer = send(zebulon, SAMPLES / "interview.mp4")
    journal.keep(process("worker", EMOTRACE_MODELS=str(tmp_path / "models")))
    pk = answer.json()["analysis"]["id"]
    assert eventually(lambda: zebulon.state(pk)["error_code"] == "model_unavailable")
    journal.close()

    assert about_somebody(journal.text) == []
    broken = [line for line in journal.of(answer.headers["X-Request-ID"]) if "raised" in line]
    error, cause = broken[0]["raised"]
    assert error["type"] == "inference.store.StoreError"
    assert (cause["type"], cause["said"]) == ("builtins.FileNotFoundError", "No such file or directory")
    assert any("inference/store.py" in frame for frame in cause["at"])
