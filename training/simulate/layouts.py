"""Small simulated folders in the layouts of data sets that cannot be passed on.

Signals are noise, faces are drawn and voices hum; the label changes them a little, so that a score is neither chance
nor perfect. It shows that a program works, not how well emotions are recognised.
"""

import csv
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from training.data.layouts import _deap, deap, deap_original, emotions, mahnob_hci, seed
from training.errors import DatasetError
from training.simulate import bdf_writer
from training.simulate.biosignals import record
from training.simulate.drawn_clips import Mood, Person, write_clip

_QUADRANTS = (Mood(-1, -1), Mood(-1, 1), Mood(1, -1), Mood(1, 1))
CLIP_S = 4.0
DEAP_TRIALS, ORIGINAL_TRIALS, MAHNOB_TRIALS = 8, 4, 8
MAHNOB_S, MAHNOB_RATE = 16, 256
SEED_SESSIONS, SEED_LABELS, SEED_S = 2, (1, 0, -1, -1, 0, 1), 12
ORIGINAL_RATE, BREAK_S = 512, 4
CLIPS = {"angry": Mood(-1, 1), "happy": Mood(1, 1), "neutral": Mood(0, 0), "sad": Mood(-1, -1)}
CLIPS_EACH = 2
EMOTIONS = {
    "excitation": Mood(1, 1), "fear": Mood(-1, 1), "neutral": Mood(0, 0), "relaxation": Mood(1, -1),
    "sadness": Mood(-1, -1), "tension": Mood(-0.3, 1),
}  # fmt: skip
_GSR_OHM = 200_000


def names() -> list[str]:
    """Return the layouts that can be simulated, sorted."""
    return sorted(_WRITERS)


def write(layout: str, out: Path, subjects: int, random_seed: int) -> None:
    """Write a folder in the layout with this many subjects; of eMotions, with as many videos of each class.

    Raises DatasetError for a folder that holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: holds something already; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    writer, what = _WRITERS[layout]
    (out / "README.txt").write_text(_README.format(layout=layout, what=what, seed=random_seed), encoding="utf-8")
    writer(out, subjects, random_seed)


@dataclass(frozen=True)
class _Subject:
    number: int
    person: Person
    strength: float
    """Of the effect in the biosignals."""
    rng: np.random.Generator


def _subjects(count: int, random_seed: int) -> Iterator[_Subject]:
    for number in range(1, count + 1):
        rng = np.random.default_rng((random_seed, number))
        yield _Subject(number, Person.draw(rng), rng.uniform(0.6, 1.4), rng)


def _moods(rng: np.random.Generator, count: int) -> list[Mood]:
    """Moods of every quadrant in turn, shuffled."""
    return [_QUADRANTS[index] for index in rng.permutation(np.arange(count) % len(_QUADRANTS))]


def _ratings(rng: np.random.Generator, mood: Mood) -> tuple[float, float, float]:
    """Valence, arousal and dominance, 1 to 9, on the mood's side of 5."""
    found = [5 + sign * rng.uniform(0.2, 3.8) for sign in (mood.valence, mood.arousal)]
    return round(found[0], 2), round(found[1], 2), round(float(rng.uniform(1, 9)), 2)


def _write_deap(out: Path, subjects: int, random_seed: int) -> None:
    (out / "data_preprocessed_python").mkdir()
    rows = []
    for subject in _subjects(subjects, random_seed):
        data = np.empty((DEAP_TRIALS, len(deap.CHANNELS), round((_deap.BASELINE_S + _deap.SECONDS) * deap.RATE)))
        labels = np.empty((DEAP_TRIALS, 4))
        for place, video, mood, ratings in _deap_trials(subject, DEAP_TRIALS):
            data[video - 1] = _with_baseline(subject, mood, deap.RATE)
            labels[video - 1] = (*ratings, 5.0)
            rows.append((subject.number, place, video, *ratings))
            _write_face(out, subject, place, mood)
        path = out / "data_preprocessed_python" / f"s{subject.number:02d}.dat"
        path.write_bytes(pickle.dumps({"labels": labels, "data": data}, protocol=3))
    _write_ratings(out, rows)


def _write_deap_original(out: Path, subjects: int, random_seed: int) -> None:
    (out / "data_original").mkdir()
    rows = []
    for subject in _subjects(subjects, random_seed):
        parts, codes = [], []
        for place, video, mood, ratings in _deap_trials(subject, ORIGINAL_TRIALS):
            trial = _with_baseline(subject, mood, ORIGINAL_RATE)
            silence = record(subject.rng, Mood(0, 0), BREAK_S, ORIGINAL_RATE, *_COUNTS, subject.strength)
            code = np.zeros(trial.shape[1] + silence.shape[1], np.int64)
            begin = _deap.BASELINE_S * ORIGINAL_RATE
            code[begin : begin + 50] = deap_original.BEGINS
            parts += [trial, silence]
            codes.append(code)
            rows.append((subject.number, place, video, *ratings))
            _write_face(out, subject, place, mood)
        signals = _electrodes(subject, np.hstack(parts))
        path = out / "data_original" / f"s{subject.number:02d}.bdf"
        units = {"GSR1": "nS" if subject.number in deap_original.TWENTE else "Ohm", "Temp": "C"}
        bdf_writer.write(path, signals, deap_original.RECORDED, units, ORIGINAL_RATE, np.concatenate(codes))
    _write_ratings(out, rows)


_COUNTS = (len(_deap.EEG), len(_deap.PERIPHERAL))


def _deap_trials(subject: _Subject, count: int) -> Iterator[tuple[int, int, Mood, tuple[float, float, float]]]:
    """Place, video, mood and ratings of each trial in the order of time."""
    videos = subject.rng.permutation(np.arange(1, count + 1))
    for place, (video, mood) in enumerate(zip(videos, _moods(subject.rng, count), strict=True), 1):
        yield place, int(video), mood, _ratings(subject.rng, mood)


def _with_baseline(subject: _Subject, mood: Mood, rate: int) -> NDArray[np.float64]:
    before = record(subject.rng, Mood(0, 0), _deap.BASELINE_S, rate, *_COUNTS, subject.strength)
    return np.hstack([before, record(subject.rng, mood, _deap.SECONDS, rate, *_COUNTS, subject.strength)])


def _electrodes(subject: _Subject, signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The channels as recorded: two electrodes for each of EOG and EMG, and the skin in the unit of the place."""
    eeg, pairs, single = np.split(signals, [len(_deap.EEG), len(_deap.EEG) + 4])
    both = np.stack([pairs / 2, -pairs / 2], axis=1).reshape(8, -1)
    ohm = _GSR_OHM + 100 * single[0]
    single[0] = 1e9 / ohm if subject.number in deap_original.TWENTE else ohm
    return np.vstack([eeg, both, single])


def _write_face(out: Path, subject: _Subject, place: int, mood: Mood) -> None:
    folder = out / "face_video" / f"s{subject.number:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"s{subject.number:02d}_trial{place:02d}.avi"
    write_clip(path, subject.person, mood, _deap.SECONDS, subject.rng, sound=False)


def _write_ratings(out: Path, rows: list[tuple[Any, ...]]) -> None:
    (out / "metadata_csv").mkdir()
    with (out / "metadata_csv" / _deap.RATINGS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("Participant_id", "Trial", "Experiment_id", "Valence", "Arousal", "Dominance"))
        writer.writerows(rows)


def _write_seed(out: Path, subjects: int, random_seed: int) -> None:
    for folder in (seed.EEG_FOLDER, seed.FEATURES_FOLDER):
        (out / folder).mkdir()
        savemat(out / folder / seed.LABEL_FILE, {"label": np.array([SEED_LABELS])})
    for subject in _subjects(subjects, random_seed):
        for session in range(1, SEED_SESSIONS + 1):
            eeg, features = {}, {}
            for film, label in enumerate(SEED_LABELS, 1):
                mood = Mood(label, 0)
                signals = record(subject.rng, mood, SEED_S, seed.RATE, len(seed.CHANNELS), 0, subject.strength)
                entropy = _differential_entropy(signals)
                eeg[f"sim_eeg{film}"] = signals
                features[f"de_LDS{film}"] = _smoothed(entropy)
                features[f"de_movingAve{film}"] = entropy
            name = f"{subject.number}_2026010{session}.mat"
            savemat(out / seed.EEG_FOLDER / name, eeg)
            savemat(out / seed.FEATURES_FOLDER / name, features)


def _differential_entropy(signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.5 ln(2 pi e variance) of SEED's five bands in windows of 1 s: (channels, windows, bands)."""
    bands = ((1, 4), (4, 8), (8, 14), (14, 31), (31, 50))
    windows = signals.reshape(len(signals), -1, seed.RATE)
    power = np.abs(np.fft.rfft(windows)) ** 2 / seed.RATE**2 * 2
    variance = np.stack([power[..., low:high].sum(-1) for low, high in bands], axis=-1)
    return np.asarray(0.5 * np.log(2 * np.pi * np.e * variance))


def _smoothed(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the last three windows, in place of a linear dynamic system."""
    padded = np.concatenate([features[:, :1]] * 2 + [features], axis=1)
    return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3)


def _write_mahnob(out: Path, subjects: int, random_seed: int) -> None:
    channels = mahnob_hci.EEG + mahnob_hci.PERIPHERAL
    counts = (len(mahnob_hci.EEG), len(mahnob_hci.PERIPHERAL))
    number = 0
    for subject in _subjects(subjects, random_seed):
        for trial, mood in enumerate(_moods(subject.rng, MAHNOB_TRIALS), 1):
            number += 2
            folder = out / "Sessions" / str(number)
            folder.mkdir(parents=True)
            neutral = Mood(0, 0)
            stretches = ((neutral, mahnob_hci.NEUTRAL_S), (mood, MAHNOB_S), (neutral, mahnob_hci.NEUTRAL_S))
            signals = np.hstack(
                [record(subject.rng, m, s, MAHNOB_RATE, *counts, subject.strength) for m, s in stretches]
            )
            status = np.zeros(signals.shape[1], np.int64)
            path = folder / f"Part_{subject.number}_S_Trial{trial}_emotion.bdf"
            bdf_writer.write(path, signals, channels, {"GSR1": "Ohm", "Temp": "C"}, MAHNOB_RATE, status)
            video = folder / f"P{subject.number}-Rec1-2026.01.01.00.00.00_C1 trigger _C_Section_{number}.avi"
            write_clip(video, subject.person, mood, MAHNOB_S, subject.rng, sound=False)
            _write_session(folder / "session.xml", subject, number, mood)


def _write_session(path: Path, subject: _Subject, number: int, mood: Mood) -> None:
    ratings = [str(min(max(round(rating), 1), 9)) for rating in _ratings(subject.rng, mood)]
    felt = dict(zip(mahnob_hci.FELT.values(), ratings, strict=True))
    facts = {"sessionId": str(number), "isStim": "1", "cutLenSec": str(MAHNOB_S), **felt}
    session = ElementTree.Element("session", facts)
    ElementTree.SubElement(session, "subject", id=str(subject.number))
    ElementTree.ElementTree(session).write(path, encoding="utf-8", xml_declaration=True)


def _write_emotions(out: Path, videos: int, random_seed: int) -> None:
    lists: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for label, mood in EMOTIONS.items():
        (out / label).mkdir()
        for video in _subjects(videos, random_seed + emotions.LABELS.index(label)):
            name = f"{label}_{video.number:05d}.mp4"
            write_clip(out / label / name, video.person, mood, CLIP_S, video.rng)
            lists[_part(video.number, videos)].append(f"{label}/{name}")
    for part, lines in lists.items():
        (out / f"{part}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_clips(out: Path, subjects: int, random_seed: int) -> None:
    rows = []
    for subject in _subjects(subjects, random_seed):
        for label, mood in CLIPS.items():
            for number in range(1, CLIPS_EACH + 1):
                name = f"clips/{subject.number:02d}-{label}-{number}.mp4"
                (out / name).parent.mkdir(exist_ok=True)
                write_clip(out / name, subject.person, mood, CLIP_S, subject.rng)
                rows.append((name, label, f"subject {subject.number}", _part(subject.number, subjects)))
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "subject", "split"))
        writer.writerows(rows)


def _part(number: int, count: int) -> str:
    """The last fifth, but at least one, is tested, as many before validate from three on, the others train."""
    tested = max(count // 5, 1)
    if number > count - tested:
        return "test"
    return "validation" if count > 2 and number > count - 2 * tested else "train"


Writer = Callable[[Path, int, int], None]
_WRITERS: dict[str, tuple[Writer, str]] = {
    "deap": (_write_deap, f"DEAP, preprocessed: {DEAP_TRIALS} trials of 60 s a subject instead of 40"),
    "deap-original": (
        _write_deap_original,
        f"DEAP as recorded: {ORIGINAL_TRIALS} trials of 60 s a subject instead of 40",
    ),
    "seed": (_write_seed, f"SEED: {SEED_SESSIONS} sessions of {len(SEED_LABELS)} films of {SEED_S} s a subject"),
    "mahnob-hci": (_write_mahnob, f"MAHNOB-HCI: {MAHNOB_TRIALS} clips of {MAHNOB_S} s a subject"),
    "emotions": (_write_emotions, f"eMotions: videos of {CLIP_S:g} s in six classes"),
    "labelled-clips": (
        _write_clips,
        f"labelled clips with a manifest: {CLIPS_EACH} of {CLIP_S:g} s a subject and label",
    ),
}

_README = """\
SIMULATED DATA. Nobody was recorded for this folder.

It has the layout of {what}.
It was written by `python -m training simulate --layout {layout}`, seed {seed}.

Signals are noise, faces are drawn and voices hum. The label changes them a little: a smile, the strength of two rhythms
of the EEG, the pitch. A score on this folder says nothing about people.
"""
