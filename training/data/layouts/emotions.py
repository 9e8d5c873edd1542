"""eMotions: 27 996 short videos with one of six emotions (Wu et al., ICMR 2025).

`CLASS/NAME.mp4`, or the same below `video_raw`, for the six classes in any case. The authors' lists of their split are
not published; `train.txt`, `validation.txt` and `test.txt`, with a line `CLASS/NAME.mp4` each, give one where they are
there. Nobody is named in the data, so every video counts as a subject.
"""

from functools import partial
from pathlib import Path
from typing import get_args

from training.data import eav
from training.data.corpus import Corpus, LabelledTrial, Part
from training.data.files import listed, named_errors
from training.data.layouts._files import SIMULATED, VIDEO_SUFFIXES, clip, subfolder
from training.errors import DatasetError

LABELS = ("excitation", "fear", "neutral", "relaxation", "sadness", "tension")


def read(root: Path) -> Corpus:
    """The videos of the six classes. Raises DatasetError for a folder or a list that does not fit."""
    place = subfolder(root, "video_raw") or root
    videos: dict[str, tuple[str, Path]] = {}
    for label in LABELS:
        folder = subfolder(place, label)
        if folder is None:
            raise DatasetError(f"{place}: has no folder {label}")
        for path in listed(folder):
            if path.suffix.lower() not in VIDEO_SUFFIXES:
                raise DatasetError(f"{path}: not a video by its name")
            videos[f"{label}/{path.name}"] = (label, path)
    if others := [path.name for path in listed(place) if path.is_dir() and path.name.lower() not in LABELS]:
        raise DatasetError(f"{place}: {others[0]} is none of the classes {', '.join(LABELS)}")
    if not videos:
        raise DatasetError(f"{place}: holds no videos")
    parts = _parts(root, set(videos))
    trials = (
        LabelledTrial(
            name=name, subject=name, read=partial(clip, path), label=label, part=parts.get(name), files=(str(path),)
        )
        for name, (label, path) in videos.items()
    )
    return Corpus("eMotions", tuple(trials), LABELS, made_of=SIMULATED if eav.simulated(root) else None)


def _parts(root: Path, names: set[str]) -> dict[str, Part]:
    """The part of every video, or of none. Raises DatasetError for one in two parts, in none, or that is not there."""
    found: dict[str, Part] = {}
    lists: dict[Part, Path] = {part: root / f"{part}.txt" for part in get_args(Part)}
    if not any(path.is_file() for path in lists.values()):
        return {}
    for part, path in lists.items():
        with named_errors(path):
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        for line in lines:
            label, _, name = line.rpartition("/")
            key = f"{label.lower()}/{name}"
            if key not in names:
                raise DatasetError(f"{path}: there is no video {line}")
            if key in found:
                raise DatasetError(f"{path}: {line} stands in {found[key]} too")
            found[key] = part
    if missing := sorted(names - found.keys()):
        raise DatasetError(f"{root}: {missing[0]} is in none of {', '.join(path.name for path in lists.values())}")
    return found
