"""Predictions and scores of an audio-visual model on prepared recordings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from inference import store
from inference.models.audio_visual import SAMPLES
from inference.predictors.audio_visual import AudioVisualPredictor, fastest_device
from training.errors import DatasetError
from training.evaluation.metrics import scores
from training.features.faces import device_of
from training.features.modality_dropout import noise_like
from training.features.recordings import Preprocessing, WindowDataset, prepare, read_clips

Modality = Literal["AV", "A", "V"]
MODALITIES: tuple[Modality, ...] = ("AV", "A", "V")
_BATCH = 16


@torch.inference_mode()
def window_logits(
    predictor: AudioVisualPredictor,
    windows: WindowDataset,
    modality: Modality = "AV",
    absent: Callable[[Tensor], Tensor] = torch.zeros_like,
) -> NDArray[np.float32]:
    """Logits (windows, classes), on the device of the network; `absent` stands in for the other modality."""
    network, device = predictor.network.eval(), device_of(predictor.network)
    rows = []
    for start in range(0, len(windows), _BATCH):
        mfcc, crops, _ = windows[range(start, min(start + _BATCH, len(windows)))]
        mfcc = mfcc.to(device)
        faces = predictor.face_tensor(crops.to(device))
        if modality == "V":
            mfcc = absent(mfcc)
        if modality == "A":
            faces = absent(faces.unflatten(0, (-1, SAMPLES))).flatten(0, 1)
        rows.append(network(mfcc, faces).cpu().numpy())
    return np.concatenate(rows)


def clip_logits(
    predictor: AudioVisualPredictor, windows: WindowDataset, modality: Modality = "AV", noise_seed: int | None = None
) -> NDArray[np.float32]:
    """The mean logits of each clip's windows, (clips, classes), given both modalities or one ("AV", "A", "V").

    The other modality is zeros, or noise where there is a `noise_seed`: what the network met in training.
    """
    if noise_seed is None:
        by_window = window_logits(predictor, windows, modality)
    else:
        generator = torch.Generator().manual_seed(noise_seed)
        by_window = window_logits(predictor, windows, modality, lambda x: noise_like(x, generator))
    clips = np.array([clip for clip, _ in windows.windows])
    return np.stack([by_window[clips == clip].mean(axis=0) for clip in range(len(windows.clips))])


def evaluate(reference: str, root: Path) -> dict[str, Any]:
    """Scores of a model of the store on corrected recordings; the interval is over subjects.

    A segment's logits are the mean of its windows'. Only segments with a label of the model count. Raises
    DatasetError where there are none.
    """
    predictor = AudioVisualPredictor.load(store.get(reference), fastest_device())
    clips = [clip for clip in read_clips("corrected", root, None, predictor.window_s) if clip.label in predictor.labels]
    if not clips:
        raise DatasetError(f"{root}: no segment of {predictor.window_s} s with one of {', '.join(predictor.labels)}")
    prepared = prepare(clips, Preprocessing(predictor.face, predictor.speech, predictor.window_s))
    windows = WindowDataset(prepared, predictor.labels)
    probabilities = softmax(clip_logits(predictor, windows) / predictor.temperature, axis=1)
    subjects = np.array([clip.subject for clip in prepared])
    return scores(probabilities, windows.targets, predictor.labels, subjects)
