"""Random augmentation of faces that keeps their label."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def warp_faces(
    faces: Tensor,
    size: int,
    generator: torch.Generator,
    *,
    degrees: float,
    scale: float,
    shift: float,
) -> Tensor:
    """Rotate, scale, shift and mirror each face at random while resampling it.

    faces (N, 1, H, W) -> (N, 1, size, size). `degrees`, `scale` (a fraction) and `shift`
    (a fraction of the side) bound uniform draws; half of the faces are mirrored.
    """
    n = len(faces)

    def uniform() -> Tensor:
        return torch.rand(n, generator=generator, device=faces.device) * 2 - 1

    angle = uniform() * math.radians(degrees)
    zoom = 1 + uniform() * scale
    mirror = torch.where(torch.rand(n, generator=generator, device=faces.device) < 0.5, -1.0, 1.0)
    theta = torch.stack(
        (
            torch.stack((zoom * angle.cos() * mirror, -zoom * angle.sin(), uniform() * shift * 2), dim=1),
            torch.stack((zoom * angle.sin() * mirror, zoom * angle.cos(), uniform() * shift * 2), dim=1),
        ),
        dim=1,
    )
    grid = functional.affine_grid(theta, [n, 1, size, size], align_corners=False)
    return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def shade_faces(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Change contrast and brightness, add noise and hide a patch: (N, 1, S, S) in 0..1, same out."""
    n, _, size, _ = faces.shape

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator, device=faces.device)

    mean = faces.mean(dim=(1, 2, 3), keepdim=True)
    faces = (faces - mean) * uniform(0.75, 1.25) + mean + uniform(-0.1, 0.1)
    faces = faces + uniform(0, 0.02) * torch.randn(faces.shape, generator=generator, device=faces.device)
    side = uniform(0.1, 0.35)
    top, left = uniform(0, 1), uniform(0, 1)
    hidden = uniform(0, 1) < 0.2
    axis = torch.linspace(0, 1, size, device=faces.device)
    inside = ((axis.view(1, 1, -1, 1) - top).abs() < side / 2) & ((axis.view(1, 1, 1, -1) - left).abs() < side / 2)
    return torch.where(inside & hidden, mean, faces).clamp(0, 1)


def transform_clips(faces: Tensor, flip: float, degrees: float, generator: torch.Generator) -> Tensor:
    """Mirror each clip with the probability `flip` and rotate it by up to `degrees`, all of its faces alike.

    faces (B, 15, 3, S, S), same out; `generator` is on the processor.
    """
    count, samples = faces.shape[:2]
    mirror = torch.where(torch.rand(count, generator=generator) < flip, -1.0, 1.0)
    angle = torch.deg2rad((torch.rand(count, generator=generator) * 2 - 1) * degrees)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(count)
    affine = torch.stack((cos * mirror, -sin, zero, sin * mirror, cos, zero), dim=1).view(-1, 2, 3).to(faces.device)
    flat = faces.flatten(0, 1)
    grid = functional.affine_grid(affine.repeat_interleave(samples, 0), list(flat.shape), align_corners=False)
    turned: Tensor = functional.grid_sample(flat, grid, align_corners=False).unflatten(0, (count, samples))
    return turned
