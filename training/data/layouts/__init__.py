"""Layouts of data sets on disk. A layout is one file of this package, whose `read(root)` returns a `Corpus`."""

import importlib
import pkgutil
from pathlib import Path

from training.data.corpus import Corpus
from training.errors import DatasetError


def names() -> list[str]:
    """The name of every layout, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return sorted(name.replace("_", "-") for name in found)


def read(name: str, root: Path) -> Corpus:
    """The data set in the layout called `name`. Raises DatasetError for an unknown one, or data that does not fit."""
    if name not in names():
        raise DatasetError(f"{name}: no such layout, have {', '.join(names())}")
    corpus: Corpus = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").read(root)
    return corpus
