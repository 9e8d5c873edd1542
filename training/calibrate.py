"""Temperature scaling (Guo et al. 2017): one number that makes a network's confidence match its accuracy."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from inference.audio_video import AudioVideoReader
from training.banks import speech_bank
from training.datasets import ravdess
from training.datasets.composed import draw_faces
from training.datasets.fer2013 import Faces
from training.evaluate import DRAWS, composed_features
from training.metrics import calibration


def temperature(logits: NDArray[np.floating[Any]], wanted: NDArray[np.int64]) -> float:
    """The divisor of `logits` (N, classes), 1/8 to 8, with which their likelihood of `wanted` (N,) is greatest."""

    def loss(power: float) -> float:
        return -float(log_softmax(logits / 2**power, axis=1)[np.arange(len(wanted)), wanted].mean())

    return float(2 ** minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def calibrate(reader: AudioVideoReader, speech: Path, actors: list[int], faces: Faces) -> dict[str, Any]:
    """A temperature from composed clips of people the network was not fitted on, and what it is worth.

    The actors and faces are parted in two. Each half is scored with the temperature of the other,
    which gives the calibration error that somebody else's recordings may expect of this step; the
    temperature itself comes from both.
    """
    halves = []
    for number in (0, 1):
        part = replace(faces, images=faces.images[number::2], labels=faces.labels[number::2])
        halves.append(_composed(reader, speech, actors[number::2], part))
    errors = {"before": 0.0, "after": 0.0}
    for (logits, wanted), other in zip(halves, reversed(halves), strict=True):
        for name, divisor in (("before", 1.0), ("after", temperature(*other))):
            errors[name] += calibration(softmax(logits / divisor, axis=1), wanted)["ece"] / 2
    together = temperature(*(np.concatenate(arrays) for arrays in zip(*halves, strict=True)))
    return {
        "temperature": round(together, 3),
        "ece_before": round(errors["before"], 4),
        "ece_after": round(errors["after"], 4),
        "unit": "composed clips; each half of the test actors and faces with the temperature of the other half",
    }


@torch.inference_mode()
def _composed(
    reader: AudioVideoReader, speech: Path, actors: list[int], faces: Faces
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    clips = [clip for clip in ravdess.read_clips(speech, actors) if clip.label in reader.labels]
    mfcc = torch.from_numpy(speech_bank(clips, reader.speech, reader.seconds).mfcc)
    drawn = [composed_features(reader, faces.images[draw_faces(clips, faces, seed)], seed) for seed in range(DRAWS)]
    logits = np.concatenate([reader.network.fuse(mfcc, features).numpy() for features in drawn])
    return logits, np.tile([reader.labels.index(clip.label) for clip in clips], DRAWS)
