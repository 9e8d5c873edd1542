"""What both forms of DEAP share: ratings, the order of trials, and videos of the faces.

`participant_ratings.csv` tells which video (`Experiment_id`) a subject saw in which place (`Trial`). Videos of the
faces count places, the preprocessed signals count videos.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.data import eav
from training.data.files import listed, named_errors
from training.data.layouts._files import subfolder
from training.errors import DatasetError

TRIALS = 40
SECONDS = 60.0
BASELINE_S = 3
# fmt: off
EEG = (
    "Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1", "Oz", "Pz",
    "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2",
)
# fmt: on
PERIPHERAL = ("hEOG", "vEOG", "zEMG", "tEMG", "GSR", "Respiration", "Plethysmograph", "Temperature")
DIMENSIONS = ("valence", "arousal", "dominance")
RATINGS = "participant_ratings.csv"
_COLUMNS = ("Participant_id", "Trial", "Experiment_id", "Valence", "Arousal", "Dominance")
_SUBJECT = re.compile(r"s(\d{2})", re.IGNORECASE)


@dataclass(frozen=True)
class Rated:
    """A trial: the `place` at which the video was shown, from 1, the video's number, and its ratings."""

    place: int
    video: int
    ratings: Mapping[str, float]


def subject_files(root: Path, folder: str, ending: str) -> dict[int, Path]:
    """The files sNN of a subject each, by number, in `root`/`folder` or in `root` itself.

    Raises DatasetError where there are none, or a name is of another form.
    """
    place = subfolder(root, folder) or root
    found = {}
    for path in listed(place):
        if path.suffix.lower() != ending:
            continue
        match = _SUBJECT.fullmatch(path.stem)
        if match is None:
            raise DatasetError(f"{path}: not a name of DEAP (sNN{ending})")
        found[int(match[1])] = path
    if not found:
        raise DatasetError(f"{place}: no files sNN{ending}")
    return found


def read_ratings(root: Path) -> dict[int, list[Rated]] | None:
    """The trials of each subject in the order in which they were shown; None without participant_ratings.csv.

    Raises DatasetError for a file without one of its columns, for what is no number, and for a trial that is there
    twice or left out.
    """
    folders = [folder for folder in (root, subfolder(root, "metadata_csv"), root.parent) if folder is not None]
    path = next((folder / RATINGS for folder in folders if (folder / RATINGS).is_file()), None)
    if path is None:
        return None
    found: dict[int, list[Rated]] = defaultdict(list)
    with named_errors(path), path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if missing := set(_COLUMNS) - set(rows.fieldnames or ()):
            raise DatasetError(f"{path}: has no column {', '.join(sorted(missing))}")
        for line, row in enumerate(rows, 2):
            try:
                ratings = {name: float(row[name.capitalize()]) for name in DIMENSIONS}
                rated = Rated(int(row["Trial"]), int(row["Experiment_id"]), ratings)
                found[int(row["Participant_id"])].append(rated)
            except (TypeError, ValueError) as error:
                raise DatasetError(f"{path}, line {line}: {error}") from error
    for subject, trials in found.items():
        trials.sort(key=lambda rated: rated.place)
        for what, numbers in (("Trial", [r.place for r in trials]), ("Experiment_id", [r.video for r in trials])):
            if sorted(numbers) != list(range(1, len(trials) + 1)):
                raise DatasetError(f"{path}: {what} of subject {subject} is not 1 to {len(trials)}, once each")
    return dict(found)


def ratings_of(root: Path, subjects: Mapping[int, Path]) -> dict[int, list[Rated]]:
    """The trials of each of `subjects`. Raises DatasetError where the ratings are missing."""
    ratings = read_ratings(root)
    if ratings is None:
        raise DatasetError(f"{root}: no {RATINGS}, which tells the trials' places and ratings")
    for subject, path in subjects.items():
        if subject not in ratings:
            raise DatasetError(f"{path}: subject {subject} is not in {RATINGS}")
    return ratings


def check_trials(root: Path, path: Path, count: int) -> None:
    """Raise DatasetError for another number of trials than DEAP has; a simulated subject may have fewer."""
    if count != TRIALS and not (eav.simulated(root) and count):
        raise DatasetError(f"{path}: holds {count} trials, expected {TRIALS}")


def check_videos(videos: Mapping[tuple[int, int], Path], subject: int, trials: list[Rated]) -> None:
    """Raise DatasetError for a video of a trial that the subject does not have."""
    places = {trial.place for trial in trials}
    for (filmed, place), path in videos.items():
        if filmed == subject and place not in places:
            raise DatasetError(f"{path}: trial {place}, but subject {subject} has {len(places)} trials")


def face_videos(root: Path) -> dict[tuple[int, int], Path]:
    """The videos of faces by subject and place: `face_video`/sNN/sNN_trialMM.avi; none where there is no such folder.

    Only 22 subjects were filmed, and the last trials of four of them are missing. Raises DatasetError for a name of
    another form.
    """
    place = subfolder(root, "face_video")
    found: dict[tuple[int, int], Path] = {}
    for folder in [] if place is None else listed(place):
        for path in listed(folder) if folder.is_dir() else ():
            match = re.fullmatch(r"s(\d{2})_trial(\d{2})\.avi", path.name, re.IGNORECASE)
            if match is None or folder.name.lower() != f"s{match[1]}":
                raise DatasetError(f"{path}: not a name of DEAP (sNN/sNN_trialMM.avi)")
            found[int(match[1]), int(match[2])] = path
    return found
