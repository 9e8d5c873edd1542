"""Scores of an audio-visual model on faces alone, speech alone and synthetic pairs of both, as it is deployed."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from inference import store
from inference.model_spec import FaceInput
from inference.timeline.dimensions import DIMENSIONS
from training.data import fer2013, ferplus
from training.data.face_tracks import draw_face_tracks
from training.data.labels import label_indices
from training.data.speech_corpora import RAVDESS, SpeechClip, read_corpus, read_sound
from training.data.synthetic_pairs import FACE_OF
from training.errors import DatasetError
from training.evaluation.deployed import ClipAnalyser, Predictions, Sound
from training.evaluation.metrics import calibration, scores
from training.features.alignment import align_faces
from training.features.faces import moving_crops
from training.features.sound_augmentation import Degradation, degrade

log = logging.getLogger(__name__)
DRAWS = 5
_RATE = 22050  # Hz, of the clips' sound
_BABBLING = 60  # clips whose voices stand behind the others, at least
_BATCH = 64
_REPORT_EVERY = 100
_Item = TypeVar("_Item")
Joined = Literal["speaker", "speaker-and-label"]
"""All clips of a speaker, or all of a speaker with one label: a recording that changes, or one of a single emotion."""


@dataclass(frozen=True)
class EvaluationData:
    """What a model is scored on: `faces` and their `votes`, speech `clips` as they are or with a `degradation`."""

    faces: fer2013.Faces | None = None
    votes: ferplus.Votes | None = None
    clips: Sequence[SpeechClip] = ()
    degradation: Degradation | None = None
    joined: Joined | None = None
    """Which clips are read one behind another as one recording; each for itself, if not given."""
    draws: int | None = None
    """Face tracks that are drawn for each clip; DRAWS, if not given."""
    face_px: float | None = None
    """Size of the faces in their pictures, where it is known."""


class FaceTracks:
    """Draws what a composed clip shows: a head that moves, between images of a label and through neutral."""

    def __init__(self, faces: fer2013.Faces, seed: int) -> None:
        self.faces = faces
        self.faces_of = {label: faces.of(label) for label in fer2013.LABELS}
        self.random, self.heads = np.random.default_rng(seed), torch.Generator().manual_seed(seed)

    def draw(self, label: str, face: FaceInput, samples: int) -> NDArray[np.uint8]:
        """Crops (samples, S, S), or (samples, S, S, 3) unless `face` is grey, as `moving_crops` makes them.

        Raises DatasetError where no image shows the label.
        """
        shown = FACE_OF.get(label, label)
        if not len(self.faces_of[shown]):
            raise DatasetError(f"no image shows the label {shown}")
        (track,) = draw_face_tracks([label], self.faces_of, self.random, samples)
        return moving_crops(self.faces.images[track], self.heads, face, samples)


def read_data(
    faces: Path | None = None,
    speech: Path | None = None,
    actors: Iterable[int] | None = None,
    *,
    votes: Path | None = None,
    degradation: Degradation | None = None,
    joined: Joined | None = None,
) -> EvaluationData:
    """Read the parts that are given; only RAVDESS's `actors`, if given. Raises DatasetError."""
    images = fer2013.read_npz(faces) if faces else None
    clips = read_corpus(speech) if speech else []
    if actors is not None:
        wanted = {f"{RAVDESS}/{actor:02d}" for actor in actors}
        if missing := sorted(wanted - {clip.speaker for clip in clips}):
            raise DatasetError(f"{speech}: no clips of {', '.join(missing)}")
        clips = [clip for clip in clips if clip.speaker in wanted]
    voted = ferplus.read(votes, images) if votes and images else None
    return EvaluationData(images, voted, clips, degradation, joined)


def evaluate(model: store.StoredModel, data: EvaluationData) -> dict[str, dict[str, Any]]:
    """Scores by part: `faces`, `speech`, and `composed` for synthetic pairs of both.

    Everything is read by `inference` as a recording is. Only images and clips with a label of the model count. A
    synthetic pair is a clip with a face that moves between images of its label and through neutral (`FaceTracks`),
    by most of FER+'s votes where they are given, otherwise by FER-2013's own labels, as `faces` of the part says; the
    score is the mean of its seeded draws. `valence`
    and `arousal` are accuracies of the levels to which the labels' probabilities add up. Warns of speakers that the
    model was trained on. Raises DatasetError where nothing has a label of the model.
    """
    analyser = ClipAnalyser(model, data.face_px)
    faces = align_faces(data.faces) if data.faces and analyser.predictor.face.aligned else data.faces
    clips = [clip for clip in data.clips if clip.label in model.labels]
    _warn_of_fitted_speakers(model, clips)
    if data.clips and not clips:
        raise DatasetError(f"the speech clips have none of the labels {', '.join(model.labels)}")
    result: dict[str, dict[str, Any]] = {}
    if faces is not None:
        result["faces"] = face_scores(analyser, faces, data.votes)
    if data.clips:
        sounds = list(read_sounds(clips, data.degradation))
        if data.joined is not None:
            result["speech"] = joined_scores(analyser, clips, sounds, data.joined)
        else:
            result["speech"] = speech_scores(analyser, clips, sounds)
        if faces is not None:
            shown, labelled = (data.votes.majority(faces)[0], "FER+ majority") if data.votes else (faces, "FER-2013")
            result["composed"] = {"faces": labelled} | pair_scores(analyser, clips, sounds, shown, data.draws or DRAWS)
    return result


def fitted_speakers(model: store.StoredModel) -> set[str]:
    """The speakers, as corpora call them, whose voices a model was fitted on."""
    actors = {f"{RAVDESS}/{actor:02d}" for actor in model.metrics.get("fitted_actors", ())}
    return actors | {*model.metrics.get("fitted_speakers", ())}


def _warn_of_fitted_speakers(model: store.StoredModel, clips: Sequence[SpeechClip]) -> None:
    if known := sorted({clip.speaker for clip in clips} & fitted_speakers(model)):
        log.warning("%s was fitted on %s: what it scores on them is too good", model, ", ".join(known))


def read_sounds(clips: Sequence[SpeechClip], degradation: Degradation | None) -> Iterator[Sound]:
    """The sound of each clip, with the `degradation` if there is one, seeded by the clip's place.

    Babble consists of other speakers' clips.
    """
    if degradation is None:
        yield from (Sound(read_sound(clip, _RATE), _RATE) for clip in clips)
        return
    voices = [(clip.speaker, read_sound(clip, _RATE)) for clip in clips[:: max(1, len(clips) // _BABBLING)]]
    for number, clip in enumerate(clips):
        others = [voice for speaker, voice in voices if speaker != clip.speaker] or [voice for _, voice in voices]
        generator = np.random.default_rng(number)
        yield Sound(degrade(degradation, read_sound(clip, _RATE), _RATE, generator, others), _RATE)


def face_scores(analyser: ClipAnalyser, faces: fer2013.Faces, votes: ferplus.Votes | None = None) -> dict[str, Any]:
    """Scores on still faces without speech. Labels that share a face, calm and neutral, count as one.

    With `votes` also the accuracy and calibration error by the label with most of FER+'s votes, of all faces and where
    six annotators agree.
    """
    shown = [FACE_OF.get(label, label) for label in analyser.model.labels]
    names = sorted(set(shown))
    merge = np.array([[float(face == name) for name in names] for face in shown])
    rows, targets = _known(faces.labels, names)
    if not len(rows):
        raise DatasetError(f"no image has one of the labels {', '.join(names)}")
    windows = [
        window
        for start in range(0, len(faces), _BATCH)
        for window in analyser.still_faces(faces.images[start : start + _BATCH])
    ]
    probabilities = np.array([window.probabilities for window in windows]) @ merge
    result = scores(probabilities[rows], targets, names) | dimension_scores(probabilities[rows], targets, names)
    if votes is not None:
        voted, agreement = votes.majority(faces)
        rows, targets = _known(voted.labels, names)
        voted_on = probabilities[votes.labels.any(axis=1)][rows]
        correct = voted_on.argmax(axis=1) == targets
        six = agreement[rows] >= ferplus.SIX
        result["votes"] = {
            "accuracy": _share(correct),
            "accuracy_six": _share(correct[six]),
            "n": len(correct),
            "n_six": int(six.sum()),
            "ece": calibration(voted_on, targets)["ece"],
        }
    return result


def dimension_scores(
    probabilities: NDArray[np.float64], targets: NDArray[np.int64], labels: Sequence[str]
) -> dict[str, float | None]:
    """Accuracy of valence and arousal by `probabilities` (N, labels) of the label indices `targets` (N,).

    A dimension in which a label has no level is left out.
    """
    found = {}
    for dimension in (one for one in DIMENSIONS if {*labels} <= {*one.level_of}):
        levels = label_indices((dimension.level_of[label] for label in labels), dimension.levels)
        summed = probabilities @ np.eye(len(dimension.levels))[levels]
        found[dimension.name] = _accuracy(summed, levels[targets])
    return found


def _known(labels: NDArray[np.int64], names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of FER-2013's `labels` (N,) that are among `names`, and their indices into these."""
    called = np.array([fer2013.LABELS[label] for label in labels])
    rows = np.flatnonzero(np.isin(called, names))
    return rows, label_indices(called[rows], names)


def speech_scores(analyser: ClipAnalyser, clips: Sequence[SpeechClip], sounds: Sequence[Sound]) -> dict[str, Any]:
    """Scores on clips without a face; the interval is over speakers."""
    predictions = Predictions.of([analyser.analyse(sound) for sound in _reported("speech", sounds)])
    targets = label_indices((clip.label for clip in clips), analyser.model.labels)
    return _clip_scores(predictions, targets, analyser.model.labels, [clip.speaker for clip in clips])


def joined_scores(
    analyser: ClipAnalyser, clips: Sequence[SpeechClip], sounds: Sequence[Sound], joined: Joined
) -> dict[str, Any]:
    """Scores on the windows in the middle of clips that are recorded one behind another.

    The labels follow one another in the model's order, as a mood lasts longer than a clip.
    """
    labels = analyser.model.labels
    recordings: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in sorted(range(len(clips)), key=lambda number: labels.index(clips[number].label)):
        clip = clips[number]
        recordings[(clip.speaker,) if joined == "speaker" else (clip.speaker, clip.label)].append(number)
    probabilities = np.zeros((len(clips), len(labels)))
    for numbers in _reported("recordings", list(recordings.values())):
        probabilities[numbers] = [
            window.probabilities for window in analyser.analyse_joined([sounds[number] for number in numbers])
        ]
    targets = label_indices((clip.label for clip in clips), labels)
    result = scores(probabilities, targets, labels, np.array([clip.speaker for clip in clips]))
    return result | dimension_scores(probabilities, targets, labels)


def pair_scores(
    analyser: ClipAnalyser,
    clips: Sequence[SpeechClip],
    sounds: Sequence[Sound],
    faces: fer2013.Faces,
    draws: int,
) -> dict[str, Any]:
    """Scores on synthetic pairs, each draw of faces seeded by its number, with both modalities and with either.

    `mean_of_probabilities` is the accuracy of the plain mean of both unimodal predictions.
    """
    labels = [clip.label for clip in clips]
    timelines = []
    for seed in range(draws):
        tracks = FaceTracks(faces, seed)
        for label, sound in _reported(f"composed, draw {seed + 1}", list(zip(labels, sounds, strict=True))):
            crops = tracks.draw(label, analyser.predictor.face, analyser.samples(sound.seconds))
            timelines.append(analyser.analyse(sound, crops))
    predictions = Predictions.of(timelines)
    targets = np.tile(label_indices(labels, analyser.model.labels), draws)
    correct = (predictions.predicted == targets).reshape(draws, -1)
    speakers = [clip.speaker for clip in clips] * draws
    result = _clip_scores(predictions, targets, analyser.model.labels, speakers)
    return result | {
        "n": len(clips),
        "draws": draws,
        "spread": round(float(correct.mean(axis=1).std(ddof=1)), 4) if draws > 1 else None,
        "missing": {
            "AV": result["accuracy"],
            "A": _accuracy(predictions.voice, targets),
            "V": _accuracy(predictions.face, targets),
        },
        "mean_of_probabilities": _accuracy(predictions.voice + predictions.face, targets),
    }


def _clip_scores(
    predictions: Predictions, targets: NDArray[np.int64], labels: Sequence[str], speakers: Sequence[str]
) -> dict[str, Any]:
    result = scores(
        predictions.probabilities,
        targets,
        labels,
        np.array(speakers),
        predicted=predictions.predicted,
        confidence=predictions.confidence,
    )
    return result | dimension_scores(predictions.probabilities, targets, labels)


def _accuracy(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float | None:
    """The share of rows whose largest probability is that of the target; rows of zeros are wrong."""
    return _share((probabilities.argmax(axis=1) == targets) & probabilities.any(axis=1))


def _share(correct: NDArray[np.bool_]) -> float | None:
    return round(float(correct.mean()), 4) if len(correct) else None


def _reported(what: str, items: Sequence[_Item]) -> Iterator[_Item]:
    for number, item in enumerate(items):
        if number and number % _REPORT_EVERY == 0:
            log.info("%s: %d of %d clips", what, number, len(items))
        yield item
