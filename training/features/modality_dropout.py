"""Modality dropout (Chumachenko et al. 2022, section III.C): batches in which one modality is weak, or missing."""

from typing import Literal

import torch
from torch import Tensor


def modality_dropout(
    kind: Literal["softhard", "noise", "none"],
    audio: Tensor,
    video: Tensor,
    generator: torch.Generator,
    *,
    absent: Tensor | None = None,
    alone: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Copies of a batch, 4, 3 or 1 times its size, whose labels repeat.

    `softhard`: (a, v), (c a, (1 - c) v) with c one of 0, 0.01 .. 0.99 a sample, (0, v), (a, 0);
    `noise`: (a, v), (N(0, 1), v), (a, N(0, 1)); `none`: (a, v).

    Args:
        kind: one of the three above.
        audio: MFCC (B, C, T).
        video: (B, ...) faces in 0..1, or their features.
        generator: draws c and the noise, on the processor.
        absent: what stands in for a missing face, in the shape of a sample of `video`; zeros by default.
        alone: other video (B, ...) for the copy without audio; `video` by default.
    """
    if kind == "noise":
        audio_noise, video_noise = noise_like(audio, generator), noise_like(video, generator)
        return torch.cat((audio, audio_noise, audio)), torch.cat((video, video, video_noise))
    if kind == "none":
        return audio, video
    share = (torch.randint(100, (len(audio),), generator=generator) / 100).to(audio.device)
    audio_share, video_share = (share.view(-1, *(1,) * (x.ndim - 1)) for x in (audio, video))
    missing = torch.zeros_like(video) if absent is None else absent.expand_as(video)
    faded = (1 - video_share) * video + video_share * missing
    return (
        torch.cat((audio, audio_share * audio, torch.zeros_like(audio), audio)),
        torch.cat((video, faded, video if alone is None else alone, missing)),
    )


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Normal noise of the shape of `x`, drawn on the processor."""
    return torch.randn(x.shape, generator=generator).to(x.device)
