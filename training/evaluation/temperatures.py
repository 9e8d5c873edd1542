"""Temperatures by the deployed path: what `inference` says of clips and faces without any, clean and degraded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from inference import store
from inference.model_spec import SmallFace
from inference.types import Modality, Window
from training.data import fer2013
from training.data.labels import label_indices
from training.data.speech_corpora import SpeechClip
from training.data.synthetic_pairs import FACE_OF
from training.errors import DatasetError
from training.evaluation.deployed import ClipAnalyser, Sound
from training.evaluation.evaluate import FaceTracks, read_sounds
from training.evaluation.metrics import calibration
from training.features.faces import shrink
from training.features.sound_augmentation import Degradation

SMALL_PX, LARGE_PX = 16.0, 48.0  # sides of a face that is small altogether, and of one that is not
_BATCH = 64


@dataclass(frozen=True)
class Readings:
    """Predictions at temperature 1: `windows` of N items, each (windows, classes) log-probabilities.

    `targets` (N,) are indices of names, whose probabilities `merge` (classes, names) adds; `halves` (N,) is True for
    the items of one half of the speakers or images.
    """

    windows: list[NDArray[np.float64]]
    targets: NDArray[np.int64]
    halves: NDArray[np.bool_]
    merge: NDArray[np.float64]

    def half(self, which: bool) -> "Readings":
        """The items of one half."""
        rows = np.flatnonzero(self.halves == which)
        return Readings([self.windows[row] for row in rows], self.targets[rows], self.halves[rows], self.merge)

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """The mean over each item's windows at a temperature, (N, names)."""
        scaled = [rows / temperature for rows in self.windows]
        means = [np.exp(rows - logsumexp(rows, axis=1, keepdims=True)).mean(axis=0) for rows in scaled]
        found: NDArray[np.float64] = np.array(means) @ self.merge
        return found

    def temperature(self) -> float:
        """The temperature, 1/8 to 8, with the least negative log-likelihood of the targets."""

        def loss(power: float) -> float:
            found = self.probabilities(2**power)[np.arange(len(self.targets)), self.targets]
            return -float(np.log(found + 1e-12).mean())

        return float(2 ** minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)

    def error(self, temperature: float) -> float:
        """The expected calibration error at a temperature."""
        return float(calibration(self.probabilities(temperature), self.targets)["ece"])

    def cross_fitted(self) -> dict[str, float]:
        """The temperature of all items, and the calibration error of each half with that of the other."""
        halves = [self.half(which) for which in (False, True)]
        own = [half.temperature() for half in halves]
        return {
            "temperature": round(self.temperature(), 3),
            "ece_before": round(self.error(1.0), 4),
            "ece_after": round(float(np.mean([half.error(own[1 - n]) for n, half in enumerate(halves)])), 4),
            "n": len(self.targets),
        }


def fit_temperatures(model: store.StoredModel, clips: Sequence[SpeechClip], faces: fer2013.Faces) -> dict[str, Any]:
    """The temperatures of a `model` whose own are 1, on `clips` and aligned `faces` that it was not fitted on.

    Each clip is read as it is and with one of the degradations, in turn, joined with a face track, so that confidence
    holds for recordings of either kind; the faces as they are, and small. Returns a temperature for both modalities,
    and below `alone` one for `voice`, one for `face` and the factor of a `small_face`, each with the calibration error
    of either half of the speakers or images by the temperature of the other.
    """
    analyser = ClipAnalyser(model)
    both, voice = _clip_readings(analyser, clips, faces)
    face, small = (_face_readings(analyser, shown) for shown in (faces, shrink(faces, round(SMALL_PX))))
    fitted = face.cross_fitted()
    factor = max(1.0, small.temperature() / fitted["temperature"])
    return both.cross_fitted() | {
        "unit": "composed clips, clean and degraded, by the deployed path; each half of the speakers and faces with "
        "the temperature of the other",
        "alone": {"voice": voice.cross_fitted(), "face": fitted},
        "small_face": {
            "temperature": round(factor, 3),
            "ece_before": round(small.error(fitted["temperature"]), 4),
            "ece_after": round(small.error(fitted["temperature"] * factor), 4),
            "n": len(small.targets),
        },
    }


def small_face(fitted: dict[str, Any]) -> SmallFace:
    """How much less a small face is trusted, from what `fit_temperatures` returned."""
    return SmallFace(small_px=SMALL_PX, large_px=LARGE_PX, temperature=fitted["small_face"]["temperature"])


def _clip_readings(
    analyser: ClipAnalyser, clips: Sequence[SpeechClip], faces: fer2013.Faces
) -> tuple[Readings, Readings]:
    """Readings of clips with a face track, by both modalities and by voice alone."""
    kinds: tuple[Degradation, ...] = get_args(Degradation)
    parts = [(None, list(clips)), *((kind, list(clips[n :: len(kinds)])) for n, kind in enumerate(kinds))]
    tracks, shown, windows = FaceTracks(faces, seed=0), [], []
    for kind, part in parts:
        for clip, sound in zip(part, read_sounds(part, kind), strict=True):
            windows.append(_windows(analyser, sound, tracks, clip.label))
            shown.append(clip)
    labels = analyser.model.labels
    targets = label_indices((clip.label for clip in shown), labels)
    speakers = np.unique([clip.speaker for clip in shown], return_inverse=True)[1]

    def readings(rows: list[list[NDArray[np.float64]]]) -> Readings:
        heard = [number for number, each in enumerate(rows) if each]
        if not heard:
            raise DatasetError("no clip to calibrate with has a voice")
        return Readings(
            [np.log(np.array(rows[number]) + 1e-12) for number in heard],
            targets[heard],
            speakers[heard] % 2 == 1,
            np.eye(len(labels)),
        )

    both, voice = [], []
    for each in windows:
        heard = [one for one in each if one.unimodal and Modality.VOICE in one.unimodal]
        both.append([np.array(one.probabilities) for one in heard])
        voice.append([np.array(one.unimodal[Modality.VOICE]) for one in heard if one.unimodal])
    return readings(both), readings(voice)


def _windows(analyser: ClipAnalyser, sound: Sound, tracks: FaceTracks, label: str) -> list[Window]:
    crops = tracks.draw(label, analyser.predictor.face, analyser.samples(sound.seconds))
    return list(analyser.analyse(sound, crops).windows)


def _face_readings(analyser: ClipAnalyser, faces: fer2013.Faces) -> Readings:
    """Readings of still faces that have a label of the model; labels that share a face count as one."""
    shown = [FACE_OF.get(label, label) for label in analyser.model.labels]
    names = sorted(set(shown))
    called = np.array([fer2013.LABELS[label] for label in faces.labels])
    rows = np.flatnonzero(np.isin(called, names))
    windows = [
        np.log(np.array([window.probabilities]) + 1e-12)
        for start in range(0, len(rows), _BATCH)
        for window in analyser.still_faces(faces.images[rows[start : start + _BATCH]])
    ]
    merge = np.array([[float(face == name) for name in names] for face in shown])
    return Readings(windows, label_indices(called[rows], names), np.arange(len(rows)) % 2 == 1, merge)
