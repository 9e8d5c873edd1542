"""Files and folders of a data set on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.errors import InputError
from training.errors import DatasetError


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Name the file in errors of reading it."""
    try:
        yield
    except InputError as error:
        raise DatasetError(f"{path}: {error.message}") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error


def listed(folder: Path) -> list[Path]:
    """What lies in the folder, sorted, without hidden files. Raises DatasetError for a folder that is not there."""
    with named_errors(folder):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
