"""Audio-visual logits of synthetic 20 s trials, on which a fusion network is trained."""

import logging
from pathlib import Path

import numpy as np
import torch

from inference import store
from inference.eeg import TRIAL_S
from inference.models.fusion import AUDIO_VIDEO_ROWS
from inference.predictors.audio_visual import AudioVisualPredictor, fastest_device
from inference.predictors.trimodal import trial_window_starts
from inference.speech import mfcc
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import draw_faces
from training.errors import DatasetError
from training.evaluation.evaluate import fuse
from training.features.faces import moving_face_features
from training.schema.fusion import SyntheticTrials

log = logging.getLogger(__name__)


def trial_logits(
    predictor: AudioVisualPredictor,
    speech: Path,
    actors: list[int],
    faces: fer2013.Faces,
    trials_per_label: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 6, classes) and labels (N,) of trials, whose windows are those of inference.

    In a trial one clip of one actor repeats, and one face of its label moves.
    """
    generator = np.random.default_rng(seed)
    clips = ravdess.read_clips(speech, actors)
    chosen, labels = [], []
    for index, label in enumerate(predictor.labels):
        for trial in range(trials_per_label):
            actor = actors[trial % len(actors)]
            candidates = [clip for clip in clips if (clip.label, clip.actor) == (label, actor)]
            chosen.append(candidates[generator.integers(len(candidates))])
            labels.append(index)
    speech_mfcc = np.concatenate([_windows(predictor, clip) for clip in chosen])
    shown = np.repeat(draw_faces([clip.label for clip in chosen], faces, seed), AUDIO_VIDEO_ROWS)
    features = moving_face_features(predictor.network, faces.images[shown], predictor.face.size, seed)
    logits = fuse(predictor.network, torch.from_numpy(speech_mfcc), features).numpy()
    return logits.reshape(-1, AUDIO_VIDEO_ROWS, len(predictor.labels)), np.array(labels)


def _windows(predictor: AudioVisualPredictor, clip: ravdess.Clip) -> np.ndarray:
    """MFCC (6, 10, 156) of the windows of a trial."""
    rate = predictor.speech.sample_rate
    sound = np.resize(ravdess.read_sound(clip, rate), round(TRIAL_S * rate))
    starts = trial_window_starts(0.0, TRIAL_S, predictor, round(TRIAL_S / predictor.step_s))
    pieces = [sound[round(start * predictor.step_s * rate) :][: round(predictor.window_s * rate)] for start in starts]
    return np.stack([mfcc(piece, predictor.speech) for piece in pieces])


def fit(config: SyntheticTrials, faces_root: Path, speech: Path, out: Path) -> None:
    """Write av5_logits.npz: logits, labels and folds of trials; two folds share no actor and no face.

    Raises DatasetError if the model was trained on one of the actors.
    """
    spec = store.get(config.audio_video)
    known = sorted({actor for fold in config.folds for actor in fold} & {*spec.metrics.get("fitted_actors", ())})
    if known:
        raise DatasetError(f"{config.audio_video}: was fitted on actors {known}, which its trials must be strangers to")
    predictor = AudioVisualPredictor.load(spec, fastest_device())
    faces = fer2013.read_npz(faces_root / fer2013.PUBLIC_TEST)
    count = len(config.folds)
    parts = []
    for fold, actors in enumerate(config.folds):
        parts.append(
            trial_logits(
                predictor, speech, actors, faces.part(fold, count), config.trials_per_label, config.seed + fold
            )
        )
        log.info("fold %d of %d", fold + 1, count)
    logits, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    out.mkdir(parents=True, exist_ok=True)
    folds = np.repeat(np.arange(count), len(labels) // count)
    np.savez(out / "av5_logits.npz", allow_pickle=False, logits=logits, labels=labels, folds=folds)
