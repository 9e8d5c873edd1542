"""A person's way through REST, for tests: log in, send a recording, wait for what becomes of it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from tests.integration.processes import eventually

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
USER = "researcher"
PASSWORD = "a long enough password"
ANALYSIS_SECONDS = 300


class Person:
    def __init__(self, base: str, username: str) -> None:
        self.api = f"{base}/api/v1/"
        self.session = requests.Session()
        answer = self.session.post(f"{self.api}auth/token/", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.session.headers["Authorization"] = f"Token {answer.json()['token']}"

    def get(self, path: str) -> requests.Response:
        answer = self.session.get(self.api + path, timeout=60)
        assert answer.ok, answer.text
        return answer

    def send(self, **files: str) -> str:
        """Upload samples by part name; the id of the analysis."""
        with ExitStack() as stack:
            parts = {name: (file, stack.enter_context((SAMPLES / file).open("rb"))) for name, file in files.items()}
            data = {"consent": "true"} | ({"eeg_trial": "1"} if "eeg" in files else {})
            answer = self.session.post(f"{self.api}recordings/", data=data, files=parts, timeout=60)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["analysis"]["id"])

    def state(self, analysis: str) -> dict[str, Any]:
        state: dict[str, Any] = self.get(f"analyses/{analysis}/").json()
        return state

    def wait_for(self, analysis: str, *statuses: str) -> dict[str, Any]:
        def ended() -> bool:
            return self.state(analysis)["status"] in statuses

        assert eventually(ended, ANALYSIS_SECONDS), self.state(analysis)
        return self.state(analysis)

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items, page = [], self.get(path).json()
        while True:
            items += page["results"]
            if not page["next"]:
                return items
            page = self.session.get(page["next"], timeout=60).json()
