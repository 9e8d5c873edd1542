"""The command `emotrace`, as a process of its own, with a server and a worker that run."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Start, application
from tests.integration.rest import PASSWORD, SAMPLES
from tests.integration.web import Web
from tests.webapp.factories import published
from webapp.accounts.models import Token, User
from webapp.accounts.services import create_token
from webapp.core import paths
from webapp.recordings.models import Recording

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SAMPLE = str(SAMPLES / "interview.mp4")


@pytest.fixture
def owner(django_user_model: Any, transactional_db: None, settings: Any) -> User:
    # That of the server, a process of its own: the tests' quick one is unknown there.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    user: User = django_user_model.objects.create_user(username="researcher", password=PASSWORD)
    return user


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with application() as start:
        yield Web(start)


@pytest.fixture
def emotrace(tmp_path: Path) -> Run:
    """Runs the command in an empty directory, with a home of its own."""

    def run(*arguments: str, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("EMOTRACE_")}
        source = str(paths.PROJECT / "clients" / "python" / "src")
        return subprocess.run(
            [sys.executable, "-m", "emotrace_client.cli", *arguments],
            cwd=tmp_path,
            env={**ours, "PYTHONPATH": source, "XDG_CONFIG_HOME": str(tmp_path / "config"), **environment},
            input=input,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def is_refused(answer: "subprocess.CompletedProcess[str]", code: str) -> None:
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"error: {code}: ")
    assert len(answer.stderr.splitlines()) == 1


def test_from_login_to_the_files(web: Web, owner: User, emotrace: Run, process: Start, tmp_path: Path) -> None:
    answer = emotrace("login", "--url", web.base, "--username", "researcher", input=f"{PASSWORD}\n")
    assert answer.returncode == 0, answer.stderr
    kept = tmp_path / "config" / "emotrace" / "login.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert Token.objects.get().scopes == ["read", "write"]
    assert PASSWORD not in kept.read_text()

    process("worker")
    answer = emotrace("upload", SAMPLE, "--consent", "--wait", "--title", "First", "--json")
    assert answer.returncode == 0, answer.stderr
    (sent,) = json.loads(answer.stdout)
    assert sent["status"] == "succeeded"
    assert sent["summary"]["label"] in sent["summary"]["share"]

    analysis = sent["analysis"]
    assert f"{analysis}  succeeded" in emotrace("list").stdout
    (recording,) = json.loads(emotrace("list", "--json").stdout)
    assert (recording["title"], recording["id"]) == ("First", sent["recording"])
    rows = json.loads(emotrace("segments", analysis, "--json").stdout)
    assert rows[0]["start_s"] == 0
    assert len(emotrace("segments", analysis).stdout.splitlines()) == len(rows)
    assert emotrace("download", analysis, "--out", "v.mp4").stdout == "v.mp4\n"
    assert (tmp_path / "v.mp4").read_bytes()[4:8] == b"ftyp"
    assert emotrace("export", analysis, "--format", "csv").stdout == f"{analysis}.csv\n"
    assert len((tmp_path / f"{analysis}.csv").read_text().splitlines()) == len(rows) + 1


def test_several_files_are_sent_and_waited_for_by_nobody(web: Web, owner: User, emotrace: Run) -> None:
    _, secret = create_token(user=owner, name="test")
    known = {"EMOTRACE_URL": web.base, "EMOTRACE_TOKEN": secret}
    answer = emotrace("upload", SAMPLE, SAMPLE, "--consent", **known)
    assert [line.endswith(" queued") for line in answer.stdout.splitlines()] == [True, True], answer.stderr
    assert Recording.objects.count() == 2
    is_refused(emotrace("upload", SAMPLE, SAMPLE, "--consent", "--title", "Both", **known), "usage")


def test_what_goes_wrong_is_one_line_and_two(web: Web, owner: User, emotrace: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    _, secret = create_token(user=owner, name="test", scopes=["read"])
    known = {"EMOTRACE_URL": web.base, "EMOTRACE_TOKEN": secret}
    is_refused(emotrace("list"), "not_logged_in")
    is_refused(emotrace("list", EMOTRACE_URL=web.base), "not_logged_in")
    is_refused(emotrace("list", EMOTRACE_URL="nowhere", EMOTRACE_TOKEN="x"), "bad_url")
    is_refused(emotrace("list", EMOTRACE_URL=web.base, EMOTRACE_TOKEN="x"), "authentication_failed")
    is_refused(emotrace("upload", SAMPLE, **known), "consent_missing")
    is_refused(emotrace("upload", SAMPLE, "--consent", **known), "scope_missing")
    is_refused(emotrace("upload", "missing.mp4", "--consent", **known), "file")
    is_refused(emotrace("segments", "00000000-0000-0000-0000-000000000000", **known), "not_found")
    is_refused(emotrace("sing"), "usage")
    is_refused(emotrace("login", "--url", web.base, "--username", "x", input="y\n"), "wrong_credentials")
    analysis = published("happy", recording__owner=owner)
    is_refused(emotrace("download", str(analysis.pk), **known), "not_ready")
    everything = known | {"EMOTRACE_TOKEN": create_token(user=owner, name="test")[1]}
    is_refused(emotrace("upload", "notes.mp4", "--consent", **everything), "not_a_video")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["notes.mp4"]


def test_a_token_is_shown_to_no_other_server(web: Web, owner: User, emotrace: Run) -> None:
    _, secret = create_token(user=owner, name="test")
    assert emotrace("login", "--url", web.base, "--token", secret).returncode == 0
    assert emotrace("list").returncode == 0
    is_refused(emotrace("list", EMOTRACE_URL="http://127.0.0.1:9"), "not_logged_in")
