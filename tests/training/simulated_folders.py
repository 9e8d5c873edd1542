"""Small simulated folders that the tests of layouts read, and break."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from training.simulate import drawn_clips, layouts


@contextmanager
def small() -> Iterator[None]:
    """Simulate two trials a subject and one picture a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_clips, "FPS", 1)
        for name in ("DEAP_TRIALS", "ORIGINAL_TRIALS", "MAHNOB_TRIALS"):
            patch.setattr(layouts, name, 2)
        patch.setattr(layouts, "CLIPS_EACH", 1)
        patch.setattr(layouts, "MAHNOB_S", 4)
        yield


def write(layout: str, out: Path, subjects: int = 1) -> Path:
    with small():
        layouts.write(layout, out, subjects, 3)
    return out


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, in which it has to be."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
