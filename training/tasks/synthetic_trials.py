"""Audio-visual logits of synthetic 20 s trials, on which a fusion network is trained."""

import logging
from pathlib import Path

import numpy as np

from inference import store
from inference.eeg import TRIAL_S
from inference.predictors.trimodal import trial_window_starts
from training.data import fer2013, ferplus, ravdess
from training.errors import DatasetError
from training.evaluation.deployed import ClipAnalyser, Sound
from training.evaluation.evaluate import FaceTracks
from training.features.alignment import align_faces
from training.schema.fusion import SyntheticTrials

log = logging.getLogger(__name__)
_RATE = 22050  # Hz, of the trials' sound


def trial_logits(
    analyser: ClipAnalyser,
    speech: Path,
    actors: list[int],
    faces: fer2013.Faces,
    trials_per_label: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 6, classes) and labels (N,) of trials, whose windows are those of inference.

    In a trial one clip of one actor repeats, beside a face track of its label.
    """
    generator = np.random.default_rng(seed)
    clips = ravdess.read_clips(speech, actors)
    chosen, labels = [], []
    for index, label in enumerate(analyser.model.labels):
        for trial in range(trials_per_label):
            actor = actors[trial % len(actors)]
            candidates = [clip for clip in clips if (clip.label, clip.actor) == (label, actor)]
            chosen.append(candidates[generator.integers(len(candidates))])
            labels.append(index)
    predictor, tracks = analyser.predictor, FaceTracks(faces, seed)
    samples = analyser.samples(TRIAL_S)
    starts = trial_window_starts(0.0, TRIAL_S, predictor, samples)
    logits = []
    for clip in chosen:
        sound = Sound(np.resize(ravdess.read_sound(clip, _RATE), round(TRIAL_S * _RATE)), _RATE)
        crops = tracks.draw(clip.label, predictor.face, samples)
        logits.append([window.logits for window in analyser.windows(sound, crops, starts)])
    return np.array(logits, dtype=np.float32), np.array(labels)


def fit(config: SyntheticTrials, faces_root: Path, votes: Path | None, speech: Path, out: Path) -> None:
    """Write av5_logits.npz: logits, labels and folds of trials; two folds share no actor and no face.

    The faces carry the label of most of FER+'s `votes`, a folder, or FER-2013's own without.

    Raises DatasetError if the model was trained on one of the actors.
    """
    spec = store.get(config.audio_video)
    known = sorted({actor for fold in config.folds for actor in fold} & {*spec.metrics.get("fitted_actors", ())})
    if known:
        raise DatasetError(f"{config.audio_video}: was fitted on actors {known}, which its trials must be strangers to")
    analyser = ClipAnalyser(spec)
    faces = fer2013.read_npz(faces_root / fer2013.PUBLIC_TEST)
    annotated = ferplus.read(votes / ferplus.PUBLIC_TEST, faces) if votes else None
    if analyser.predictor.face.aligned:
        faces = align_faces(faces)
    if annotated:
        faces = annotated.majority(faces)[0]
    count = len(config.folds)
    parts = []
    for fold, actors in enumerate(config.folds):
        parts.append(
            trial_logits(analyser, speech, actors, faces.part(fold, count), config.trials_per_label, config.seed + fold)
        )
        log.info("fold %d of %d", fold + 1, count)
    logits, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    out.mkdir(parents=True, exist_ok=True)
    folds = np.repeat(np.arange(count), len(labels) // count)
    np.savez(out / "av5_logits.npz", allow_pickle=False, logits=logits, labels=labels, folds=folds)
