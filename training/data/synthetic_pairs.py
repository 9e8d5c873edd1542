"""Synthetic audio-visual clips, composed of parts that were never recorded together.

Faces of FER-2013, moved like a head over the samples of a window, with one speech clip of the same label; calm speech
goes with neutral faces. A stand-in for an audio-video corpus: a score on it is a score on composed data.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.models.audio_visual import SAMPLES

FACE_OF = {"calm": "neutral"}  # RAVDESS labels whose faces carry another label


def moving_head(image: np.ndarray, generator: torch.Generator, size: int, samples: int = SAMPLES) -> Tensor:
    """One face as a head that moves: (48, 48) uint8 grey -> (samples, 1, size, size) in 0..1.

    With an image for each sample, (samples, 48, 48), the face changes too. Angle, size and place follow slow random
    paths; blur and shade are drawn once a clip.
    """
    (whole,) = moving_head_parts(image, generator, size, samples, samples)
    return whole


def moving_head_parts(
    image: np.ndarray, generator: torch.Generator, size: int, samples: int, at_once: int
) -> Iterator[Tensor]:
    """What `moving_head` returns, `at_once` samples a time: a long clip is never held whole."""
    face = torch.from_numpy(image).view(-1, 1, *image.shape[-2:]).float() / 255
    if torch.rand(1, generator=generator) < 0.3:
        face = functional.avg_pool2d(functional.pad(face, (1, 1, 1, 1), mode="replicate"), 3, 1)
    shade = torch.empty(2).uniform_(-1, 1, generator=generator)
    face = ((face - face.mean()) * (1 + 0.2 * shade[0]) + face.mean() + 0.1 * shade[1]).clamp(0, 1)
    # A path is a line through a start and an end drawn at random, with a slow wave on it.
    ends = torch.empty(2, 4).uniform_(-1, 1, generator=generator)
    time = torch.linspace(0, 1, samples).view(-1, 1)
    wave = torch.sin(2 * torch.pi * (time + torch.rand(1, 4, generator=generator)))
    path = 0.5 * (ends[0] * (1 - time) + ends[1] * time) + 0.3 * wave
    angle, zoom = path[:, 0] * 0.14, 1 + 0.06 * path[:, 1]
    rows = (
        torch.stack((zoom * angle.cos(), -zoom * angle.sin(), 0.06 * path[:, 2]), dim=1),
        torch.stack((zoom * angle.sin(), zoom * angle.cos(), 0.06 * path[:, 3]), dim=1),
    )
    shown = face.expand(samples, -1, -1, -1).split(at_once)
    for part, faces in zip(torch.stack(rows, dim=1).split(at_once), shown, strict=True):
        grid = functional.affine_grid(part, [len(part), 1, size, size], align_corners=False)
        yield functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
