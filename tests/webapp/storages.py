"""The places where media may lie: a folder, a bucket of a real S3 server, either of them sealed."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import requests

from tests.integration.processes import eventually
from webapp.local.embedded.server import die_with_parent
from webapp.storage import media
from webapp.storage.filesystem import MediaFileSystemStorage

KEYS = (bytes(range(32)),)
CREDENTIALS = {"access_key": "somebody", "secret_key": "whose-secret-this-is"}


class Server:
    """An S3 server that can be stopped and started again, which loses what it holds."""

    def __init__(self) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        assert eventually(self._answers)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It keeps what it holds, and answers nobody."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def bucket(self, name: str) -> dict[str, Any]:
        """The options of the storage for a fresh bucket."""
        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["access_key"],
            aws_secret_access_key=CREDENTIALS["secret_key"],
        )
        client.create_bucket(Bucket=name)
        return {
            "bucket_name": name,
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "location": "emotrace",
            **CREDENTIALS,
        }

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/moto-api/", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def server() -> Iterator[Server]:
    running = Server()
    try:
        yield running
    finally:
        running.stop()


def use_bucket(settings: Any, options: dict[str, Any]) -> None:
    inner = {"BACKEND": "webapp.storage.s3.MediaS3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "webapp.storage.encrypted_storage.EncryptedStorage", "OPTIONS": {"inner": inner}}
    }


def everything(media_root: Path) -> dict[str, bytes]:
    """Every byte that lies anywhere, by name: of the local folder, and of the bucket if there is one."""
    lying = {str(path): path.read_bytes() for path in media_root.rglob("*") if path.is_file()}
    if not isinstance(media.storage().inner, MediaFileSystemStorage):
        for name in media.list_keys():
            with media.storage().open_raw(name) as file:
                lying[name] = file.read()
    return lying
