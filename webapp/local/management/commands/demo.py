"""Analyses the bundled sample in both modes through the real REST API and prints the timelines."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from webapp.core import paths, samples
from webapp.local import embedded
from webapp.local.bootstrap import prepare_installation
from webapp.local.embedded.server import die_with_parent

OUT = paths.PROJECT / "out" / "demo"
USER = "demo"
START_SECONDS = 120
ANALYSIS_SECONDS = 1800
REQUEST_SECONDS = 120


class Command(BaseCommand):
    help = "Start everything on a free port, send the sample in both modes, print the timelines, stop everything."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(12)
        try:
            with embedded.servers_running():
                prepare_installation()
                user, _ = get_user_model()._default_manager.get_or_create(username=USER)
                user.set_password(password)
                user.save()
                connections.close_all()
                with _running_server() as base:
                    self.stdout.write(f"Emotrace runs on {base}")
                    client = _Client(base, password)
                    videos = [self._send(client, mode, files) for mode, files in samples.MODES.items()]
        except embedded.EmbeddedError as error:
            raise CommandError(str(error)) from None
        except requests.RequestException as error:
            raise CommandError(f"The server did not answer as it should: {error}") from None
        self.stdout.write("\nThe labelled videos:")
        for video in videos:
            self.stdout.write(f"  {video}")
        self.stdout.write(f"To see them in a browser: make serve, then log in as {USER} with the password {password}")

    def _send(self, client: "_Client", mode: str, files: dict[str, str]) -> Path:
        self.stdout.write(f"\n{mode}: {', '.join(files.values())}")
        analysis = client.upload(f"Sample interview ({mode})", files)
        for line in client.follow(analysis):
            self.stdout.write(f"  {line}")
            self.stdout.flush()
        self.stdout.write(f"\n  {'from':>7}  {'to':>7}  {'label':<14}{'confidence':>10}")
        for segment in client.segments(analysis):
            times = f"{segment['start_s']:7.2f}  {segment['end_s']:7.2f}"
            self.stdout.write(f"  {times}  {segment['label']:<14}{segment['confidence']:10.2f}")
        return client.video(analysis, OUT / mode / "annotated.mp4")


class _Client:
    def __init__(self, base: str, password: str) -> None:
        self.api = f"{base}/api/v1/"
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy for this machine
        token = self._ask("POST", "auth/token/", json={"username": USER, "password": password}).json()["token"]
        self.session.headers["Authorization"] = f"Token {token}"

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.api + path
        answer = self.session.request(method, url, timeout=REQUEST_SECONDS, **options)
        if not answer.ok:
            raise CommandError(f"{method} {path} was answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def upload(self, title: str, files: dict[str, str]) -> str:
        with ExitStack() as stack:
            parts = {}
            for name, file in files.items():
                if not (samples.FOLDER / file).exists():
                    raise CommandError(f"{samples.FOLDER / file} is missing: the project's files are not complete")
                parts[name] = (file, stack.enter_context((samples.FOLDER / file).open("rb")))
            data = {"title": title, "consent": "true"}
            if "eeg" in files:
                data["eeg_trial"] = str(samples.EEG_TRIAL)
            recording = self._ask("POST", "recordings/", data=data, files=parts).json()
        return str(recording["analysis"]["id"])

    def follow(self, analysis: str) -> Iterator[str]:
        """Yield a line for each stage reached, until the analysis has succeeded."""
        deadline = time.monotonic() + ANALYSIS_SECONDS
        shown = ""
        while time.monotonic() < deadline:
            state = self._ask("GET", f"analyses/{analysis}/").json()
            if state["status"] == "succeeded":
                return
            if state["status"] not in ("queued", "running"):
                raise CommandError(f"The analysis {state['status']}: {state.get('error_code')}")
            line = " ".join(filter(None, (state["status"], state.get("stage"))))
            if line != shown:
                yield line
                shown = line
            time.sleep(0.5)
        raise CommandError(f"The analysis did not end within {ANALYSIS_SECONDS // 60} minutes")

    def segments(self, analysis: str) -> Iterator[dict[str, Any]]:
        page: str | None = f"analyses/{analysis}/segments/"
        while page:
            answer = self._ask("GET", page).json()
            yield from answer["results"]
            page = answer["next"]

    def video(self, analysis: str, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with self._ask("GET", f"analyses/{analysis}/video/", stream=True) as answer, partial.open("wb") as file:
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
        return partial.rename(path)


@contextmanager
def _running_server() -> Iterator[str]:
    """Run `manage.py serve` on a free port inside the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = paths.make_private_dir(settings.DATA_DIR / "log") / "demo.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, str(paths.PROJECT / "manage.py"), "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(server, base, log)
        yield base
    finally:
        server.terminate()
        server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], base: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        while server.poll() is None and time.monotonic() < deadline:
            try:
                if session.get(f"{base}/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.2)
    raise CommandError(f"The server did not start: see {os.path.relpath(log)}")
