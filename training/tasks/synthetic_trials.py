"""20 s trials of composed clips, read by an audio-video model: what a fusion network is fitted on."""

import logging
from pathlib import Path

import numpy as np
import torch

from inference import store
from inference.eeg import TRIAL_S
from inference.models.fusion import AUDIO_VIDEO_ROWS
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.predictors.trimodal import trial_window_starts
from inference.speech import mfcc
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import draw_faces
from training.errors import DatasetError
from training.evaluation.evaluate import composed_features
from training.schema.configuration import ComposedTrials

log = logging.getLogger(__name__)


def read_trials(
    reader: AudioVisualPredictor,
    speech: Path,
    actors: list[int],
    faces: fer2013.Faces,
    trials_per_label: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 6, classes) and labels (N,) of trials, whose windows lie as inference places them.

    In a trial one actor says one sentence again and again, and one face of its label moves.
    """
    generator = np.random.default_rng(seed)
    clips = ravdess.read_clips(speech, actors)
    chosen, labels = [], []
    for index, label in enumerate(reader.labels):
        for trial in range(trials_per_label):
            actor = actors[trial % len(actors)]
            said = [clip for clip in clips if (clip.label, clip.actor) == (label, actor)]
            chosen.append(said[generator.integers(len(said))])
            labels.append(index)
    heard = np.concatenate([_windows(reader, clip) for clip in chosen])
    shown = np.repeat(draw_faces(chosen, faces, seed), AUDIO_VIDEO_ROWS)
    features = composed_features(reader, faces.images[shown], seed)
    with torch.inference_mode():
        logits = reader.network.fuse(torch.from_numpy(heard), features).numpy()
    return logits.reshape(-1, AUDIO_VIDEO_ROWS, len(reader.labels)), np.array(labels)


def _windows(reader: AudioVisualPredictor, clip: ravdess.Clip) -> np.ndarray:
    """MFCC (6, 10, 156) of the windows of a trial."""
    rate = reader.speech.sample_rate
    sound = np.resize(ravdess.read_sound(clip, rate), round(TRIAL_S * rate))
    starts = trial_window_starts(0.0, TRIAL_S, reader, round(TRIAL_S / reader.step_s))
    pieces = [sound[round(start * reader.step_s * rate) :][: round(reader.window_s * rate)] for start in starts]
    return np.stack([mfcc(piece, reader.speech) for piece in pieces])


def write(config: ComposedTrials, faces_root: Path, speech: Path, out: Path) -> None:
    """Write av5_logits.npz: logits, labels and folds of trials; two folds share no actor and no face.

    Raises DatasetError if the model was fitted on one of the actors.
    """
    spec = store.get(config.audio_video)
    known = sorted({actor for fold in config.folds for actor in fold} & {*spec.metrics.get("fitted_actors", ())})
    if known:
        raise DatasetError(f"{config.audio_video}: was fitted on actors {known}, which its trials must be strangers to")
    reader = AudioVisualPredictor.load(spec)
    faces = fer2013.read_npz(faces_root / fer2013.PUBLIC_TEST)
    count = len(config.folds)
    read = []
    for fold, actors in enumerate(config.folds):
        read.append(
            read_trials(reader, speech, actors, faces.part(fold, count), config.trials_per_label, config.seed + fold)
        )
        log.info("fold %d of %d", fold + 1, count)
    logits, labels = (np.concatenate(part) for part in zip(*read, strict=True))
    out.mkdir(parents=True, exist_ok=True)
    folds = np.repeat(np.arange(count), len(labels) // count)
    np.savez(out / "av5_logits.npz", allow_pickle=False, logits=logits, labels=labels, folds=folds)
