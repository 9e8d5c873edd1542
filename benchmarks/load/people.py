"""Who browses and who uploads, for locust. What they need to know stands in the file that LOAD_FACTS names.

Each recording that the server has accepted becomes a line of the file that LOAD_ACCEPTED names.
"""

import base64
import hashlib
import itertools
import json
import os
import random
import time
import uuid
from pathlib import Path
from typing import Any

from locust import HttpUser, between, task

FACTS = json.loads(Path(os.environ["LOAD_FACTS"]).read_text())
ACCEPTED = Path(os.environ["LOAD_ACCEPTED"])
CLIP = Path(FACTS["clip"]).read_bytes()
PART_BYTES, RANGE_BYTES = 32 * 1024, 256 * 1024
PATIENCE_S, TRIES = 120, 20
TUS = {"Tus-Resumable": "1.0.0"}

browsing, uploading = itertools.cycle(FACTS["browsing"]), itertools.cycle(FACTS["uploading"])


class Browsing(HttpUser):
    """Looks at lists and at a result, plays a piece of its video, and has a program that asks too."""

    fixed_count = len(FACTS["browsing"])
    wait_time = between(1, 5)

    def on_start(self) -> None:
        someone = next(browsing)
        self.client.cookies.set("emotrace_session", someone["session"])
        self.program = {"Authorization": f"Token {someone['token']}"}

    def see(self, path: str, name: str, **more: Any) -> None:
        self.client.get(path, name=name, timeout=PATIENCE_S, allow_redirects=False, **more)

    @task(4)
    def recordings(self) -> None:
        self.see(random.choice(["/", "/?page=2", "/?search=visit+7", "/?tag=pilot"]), "page: list")

    @task(4)
    def result(self) -> None:
        self.see(f"/analyses/{FACTS['analysis']}/", "page: result")

    @task(4)
    def video(self) -> None:
        start = random.randrange(FACTS["video_bytes"])
        part = {"Range": f"bytes={start}-{start + RANGE_BYTES - 1}"}
        self.see(f"/api/v1/analyses/{FACTS['analysis']}/video/", "video: a range", headers=part)

    @task(2)
    def recordings_over_rest(self) -> None:
        self.see("/api/v1/recordings/", "REST: recordings", headers=self.program)

    @task(2)
    def analyses_over_rest(self) -> None:
        self.see("/api/v1/analyses/?status=succeeded", "REST: analyses", headers=self.program)


class Uploading(HttpUser):
    """Sends one recording after another in parts, as a client does that gives up nothing."""

    fixed_count = len(FACTS["uploading"])
    wait_time = between(5, 15)

    def on_start(self) -> None:
        self.client.headers["Authorization"] = f"Token {next(uploading)['token']}"

    @task
    def send(self) -> None:
        # A box that players skip makes each file one of its own.
        content = CLIP + (40).to_bytes(4, "big") + b"free" + os.urandom(32)
        name = base64.b64encode(b"visit.mp4").decode()
        begun = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
        address = self.insist("POST", "/api/v1/uploads/", "upload: begin", headers=begun).headers["Location"]
        offset = 0
        while offset < len(content):
            offset = self.part(address, content, offset)
        key = {"Idempotency-Key": uuid.uuid4().hex}
        wanted = {"video_upload": address.rstrip("/").split("/")[-1], "consent": "true", "purpose": "research"}
        kept = self.insist("POST", "/api/v1/recordings/", "upload: keep", headers=key, data=wanted).json()
        line = {"recording": kept["id"], "sha256": hashlib.sha256(content).hexdigest()}
        with ACCEPTED.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def part(self, address: str, content: bytes, offset: int) -> int:
        """Send the next part; where the upload stands then, as the server says."""
        more = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        part = content[offset : offset + PART_BYTES]
        answer = self.client.patch(address, part, name="upload: a part", headers=more, timeout=PATIENCE_S)
        if answer.status_code != 204:
            answer = self.insist("HEAD", address, "upload: where it stands", headers=TUS)
        return int(answer.headers["Upload-Offset"])

    def insist(self, method: str, address: str, name: str, **more: Any) -> Any:
        """Ask until there is an answer that is no failure of the server."""
        for _ in range(TRIES):
            answer = self.client.request(method, address, name=name, timeout=PATIENCE_S, **more)
            if 0 < answer.status_code < 500 and answer.status_code != 429:
                answer.raise_for_status()
                return answer
            time.sleep(2)
        raise ConnectionError(f"{name}: no answer after {TRIES} tries")
