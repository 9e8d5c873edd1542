"""The local folder, MEDIA_ROOT."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.core.files.storage import FileSystemStorage


def erase(path: Path) -> None:
    """Remove a file or a whole directory, if it is still there. Raises OSError where something of it is left."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)  # as much as can be
        if path.exists():
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Folder(FileSystemStorage):
    def lies(self, name: str) -> Path | None:
        return Path(self.path(name))

    def about(self, name: str) -> tuple[int, datetime]:
        """Bytes, and when they were written. Raises FileNotFoundError."""
        stat = Path(self.path(name)).stat()
        return stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)

    def names(self, under: str) -> Iterator[str]:
        """Every file below, and the directories that hold none any more."""
        for place, folders, files in os.walk(self.path(under)):
            for each in files or ([] if folders else [""]):
                yield str((Path(place) / each).relative_to(self.location))

    def clear(self, under: str) -> None:
        """Removes what can be removed. Raises OSError where something is left."""
        erase(Path(self.path(under)))

    def check(self) -> None:
        """Raises OSError where it cannot be used."""
        next(Path(self.location).iterdir(), None)
