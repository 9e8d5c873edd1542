"""Which image is shown at each sample of a composed clip: a face moves between images of its label and neutral ones."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.models.audio_visual import SAMPLES
from training.data.synthetic_pairs import FACE_OF

_PARTS = 4  # images of a track at most
_STILL = 0.25  # share of the tracks that show one image throughout
_NEUTRAL = 0.3  # chance of a part to be neutral


def draw_face_tracks(
    labels: Sequence[str],
    faces_of: Mapping[str, NDArray[np.int64]],
    random: np.random.Generator,
    samples: int = SAMPLES,
) -> NDArray[np.int64]:
    """Draw the image of each sample (N, samples), for clips of `labels`, out of `faces_of` each label of a face.

    A track has up to four parts of random lengths with an image each. Most images carry the clip's label (calm is shown
    by neutral faces), others are neutral: at most half of the samples, so that the label stays the one to be told.
    """
    count = len(labels)
    cuts = random.integers(1, max(2, samples), size=(count, _PARTS - 1))
    cuts[random.random(count) < _STILL] = samples
    part = (np.arange(samples) >= cuts[:, :, None]).sum(axis=1)
    neutral = random.random((count, _PARTS)) < _NEUTRAL
    neutral[np.take_along_axis(neutral, part, axis=1).mean(axis=1) > 0.5] = False
    images = np.array([random.choice(faces_of[FACE_OF.get(label, label)], _PARTS) for label in labels])
    shown = np.where(neutral, random.choice(faces_of["neutral"], (count, _PARTS)), images)
    return np.take_along_axis(shown, part, axis=1)
