"""Media in a bucket of an S3-compatible service."""

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

READ_BYTES = 2 * 2**20  # a request, while a file is read
MISSING = ("NoSuchKey", "404")
CONFIG = Config(
    connect_timeout=2,  # three attempts: health checks and scrapes get their answer within ten seconds
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "auto"},
    # Services other than Amazon's seldom support the newer checksums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
PATH_STYLE = Config(s3={"addressing_style": "path"})

logger = logging.getLogger(__name__)


class MediaS3Storage(S3Storage):
    """Every method raises FileNotFoundError for a missing object, and RequestError(STORAGE_UNAVAILABLE)."""

    def __init__(self, **options: Any) -> None:
        # Self-hosted services seldom have a host name for each bucket.
        config = CONFIG.merge(PATH_STYLE) if options.get("endpoint_url") else CONFIG
        super().__init__(client_config=config, **options)

    def local_path(self, name: str) -> Path | None:
        return None

    def stat(self, name: str) -> tuple[int, datetime]:
        with _translate_errors(name):
            found = self._object(name)
            found.load()
            return found.content_length, found.last_modified

    def list_keys(self, prefix: str) -> Iterator[str]:
        with _translate_errors(prefix):
            for each in self._below(prefix):
                yield each.key.removeprefix(self.location).lstrip("/")

    def delete_prefix(self, prefix: str) -> None:
        with _translate_errors(prefix):
            self._below(prefix).delete()

    def delete(self, name: str) -> None:
        with _translate_errors(name):
            super().delete(name)

    def check(self) -> None:
        with _translate_errors("the bucket"):
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(io.BufferedReader(RangeReader(self._object(name)), READ_BYTES), name)

    def _save(self, name: str, content: File) -> str:
        with _translate_errors(name):
            key: str = super()._save(name, content)
            return key

    def _object(self, name: str) -> Any:
        return self.bucket.Object(self._normalize_name(name))

    def _below(self, prefix: str) -> Any:
        return self.bucket.objects.filter(Prefix=f"{self._normalize_name(prefix)}/")


class RangeReader(io.RawIOBase):
    """A seekable reader of an object by range requests: only the requested bytes are transferred."""

    def __init__(self, s3_object: Any) -> None:
        with _translate_errors(s3_object.key):
            s3_object.load()
        self._object, self._position = s3_object, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = self._object.content_length
        self._position = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: size}[whence])
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        stop = min(self._position + len(buffer), self._object.content_length)
        if self._position >= stop:
            return 0
        with _translate_errors(self._object.key):
            piece = self._object.get(Range=f"bytes={self._position}-{stop - 1}")["Body"].read()
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
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
