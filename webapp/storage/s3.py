"""A bucket of a service that speaks S3."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from webapp.core.errors import RequestError, WebCode

BLOCK_BYTES = 2 * 2**20  # of one request while a file is read
MISSING = ("NoSuchKey", "404")
CONFIG = Config(
    connect_timeout=2,  # thrice, and a probe or a scrape has its answer within ten seconds
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "auto"},
    # Checksums that services other than Amazon's seldom know are left out.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
BY_PATH = Config(s3={"addressing_style": "path"})

logger = logging.getLogger(__name__)


class Bucket(S3Storage):
    """Each call raises FileNotFoundError for what is not there, and RequestError(STORAGE_UNAVAILABLE)."""

    def __init__(self, **options: Any) -> None:
        # A service of one's own seldom has a name for each bucket.
        config = CONFIG.merge(BY_PATH) if options.get("endpoint_url") else CONFIG
        super().__init__(client_config=config, **options)

    def lies(self, name: str) -> Path | None:
        return None

    def about(self, name: str) -> tuple[int, datetime]:
        with _asked(name):
            found = self._object(name)
            found.load()
            return found.content_length, found.last_modified

    def names(self, under: str) -> Iterator[str]:
        with _asked(under):
            for each in self._below(under):
                yield each.key.removeprefix(self.location).lstrip("/")

    def clear(self, under: str) -> None:
        with _asked(under):
            self._below(under).delete()

    def delete(self, name: str) -> None:
        with _asked(name):
            super().delete(name)

    def check(self) -> None:
        with _asked("the bucket"):
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(io.BufferedReader(Blocks(self._object(name)), BLOCK_BYTES), name)

    def _save(self, name: str, content: File) -> str:
        with _asked(name):
            kept: str = super()._save(name, content)
            return kept

    def _object(self, name: str) -> Any:
        return self.bucket.Object(self._normalize_name(name))

    def _below(self, under: str) -> Any:
        return self.bucket.objects.filter(Prefix=f"{self._normalize_name(under)}/")


class Blocks(io.RawIOBase):
    """An object, read by ranges: what is not asked for is not sent."""

    def __init__(self, found: Any) -> None:
        with _asked(found.key):
            found.load()
        self._object, self._at = found, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = self._object.content_length
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        stop = min(self._at + len(buffer), self._object.content_length)
        if self._at >= stop:
            return 0
        with _asked(self._object.key):
            piece = self._object.get(Range=f"bytes={self._at}-{stop - 1}")["Body"].read()
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


@contextmanager
def _asked(name: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in MISSING:
            raise FileNotFoundError(name) from error
        logger.warning("the bucket cannot be used: %s", type(error).__name__)
        raise RequestError(
            WebCode.STORAGE_UNAVAILABLE,
            "The place where recordings are kept cannot be reached now. Nothing is lost: try again in a minute.",
        ) from error
