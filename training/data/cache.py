"""Arrays that take long to compute, kept under runs/ (ignored by git)."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
_REPORT_EVERY = 100
DIRECTORY = Path("runs")


def cached(kind: str, key: Sequence[Any], compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `compute` returns, from runs/ where they were computed for the same `key` before.

    `key` holds all that the arrays depend on, as JSON can show it.
    """
    path = _path(kind, key, "npz")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part.npz")
        np.savez(partial, allow_pickle=False, **compute())
        partial.replace(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def cached_rows(
    kind: str,
    key: Sequence[Any],
    shape: tuple[int, ...],
    compute: Callable[[int], NDArray[np.floating[Any]]],
    dtype: type[np.floating[Any]] = np.float16,
) -> NDArray[np.floating[Any]]:
    """An array of `shape`, by default in half precision, whose row n is `compute(n)`, mapped from a file of runs/.

    For arrays larger than memory. A run that was stopped resumes after the rows that it reported last.
    """
    path = _path(kind, key, "npy")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial, done = path.with_suffix(".part.npy"), path.with_suffix(".rows")
        resumed = int(done.read_text()) if done.exists() and partial.exists() else 0
        mode: Literal["r+", "w+"] = "r+" if resumed else "w+"
        rows = np.lib.format.open_memmap(partial, mode, dtype, shape)
        for number in range(resumed, shape[0]):
            rows[number] = compute(number)
            if (number + 1) % _REPORT_EVERY == 0:
                rows.flush()
                done.write_text(str(number + 1))
                log.info("%s %d/%d", kind, number + 1, shape[0])
        rows.flush()
        partial.replace(path)
        done.unlink(missing_ok=True)
    mapped: NDArray[np.floating[Any]] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _path(kind: str, key: Sequence[Any], suffix: str) -> Path:
    digest = hashlib.sha256(json.dumps(key, default=str).encode()).hexdigest()[:16]
    return DIRECTORY / f"{kind}-{digest}.{suffix}"
