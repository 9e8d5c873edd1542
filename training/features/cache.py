"""Arrays that take long to compute, kept under runs/ (ignored by git)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DIRECTORY = Path("runs")


def cached(kind: str, key: Sequence[Any], compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `compute` returns, from runs/ where they were computed for the same `key` before.

    `key` holds all that the arrays depend on, as JSON can show it.
    """
    digest = hashlib.sha256(json.dumps(key, default=str).encode()).hexdigest()[:16]
    path = DIRECTORY / f"{kind}-{digest}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part.npz")
        np.savez(partial, allow_pickle=False, **compute())
        partial.replace(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
