"""Media in the local folder MEDIA_ROOT."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.core.files.storage import FileSystemStorage


def delete_path(path: Path) -> None:
    """Delete a file or a directory tree that may be gone already. Raises OSError where part of it remains."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)  # deletes as much as possible
        if path.exists():
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class MediaFileSystemStorage(FileSystemStorage):
    """Adds to Django's storage what `EncryptedStorage` needs."""

    def local_path(self, name: str) -> Path | None:
        return Path(self.path(name))

    def stat(self, name: str) -> tuple[int, datetime]:
        """Size in bytes and time of writing. Raises FileNotFoundError."""
        stat = Path(self.path(name)).stat()
        return stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """The names of all files below `prefix`, and of empty directories."""
        for folder, subfolders, files in os.walk(self.path(prefix)):
            for each in files or ([] if subfolders else [""]):
                yield str((Path(folder) / each).relative_to(self.location))

    def delete_prefix(self, prefix: str) -> None:
        """Delete all files below `prefix`. Raises OSError where some remain."""
        delete_path(Path(self.path(prefix)))

    def check(self) -> None:
        """Raises OSError where the folder cannot be read."""
        next(Path(self.location).iterdir(), None)
