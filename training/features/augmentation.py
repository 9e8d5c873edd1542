"""Random augmentation of faces that keeps their label."""

import math

import torch
from torch import Tensor
from torch.nn import functional

_SMALL = (16, 20, 24, 32)  # sides to which a face is shrunk, pixels


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


def degrade_faces(faces: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Shrink, blur and compress faces at random, each done to a `share` of them: (N, 1, S, S) in 0..1, same out.

    A face is shrunk to 16 up to 32 pixels and enlarged again, as one that is far away.
    """

    def chosen() -> Tensor:
        return torch.rand(len(faces), 1, 1, 1, generator=generator, device=faces.device)

    drawn, size = chosen(), faces.shape[2]
    for number, small in enumerate(_SMALL):
        shrunk = functional.interpolate(faces, size=(small, small), mode="bilinear", antialias=True)
        enlarged = functional.interpolate(shrunk, size=(size, size), mode="bicubic")
        bounds = share * number / len(_SMALL), share * (number + 1) / len(_SMALL)
        faces = torch.where((drawn >= bounds[0]) & (drawn < bounds[1]), enlarged, faces)
    faces = torch.where(chosen() < share, _blur(faces, 0.4 + 0.8 * chosen()), faces)
    return torch.where(chosen() < share, compress_faces(faces, 0.01 + 0.07 * chosen()), faces).clamp(0, 1)


def _blur(faces: Tensor, sigma: Tensor) -> Tensor:
    """Blur (N, 1, S, S) by a Gaussian of `sigma` (N, 1, 1, 1) pixels."""
    distance = torch.arange(-3, 4, device=faces.device)
    kernel = torch.exp(-0.5 * (distance / sigma) ** 2)
    kernel = kernel / kernel.sum(dim=3, keepdim=True)
    padded = functional.pad(faces, (3, 3, 3, 3), mode="replicate").transpose(0, 1)
    rows = functional.conv2d(padded, kernel, groups=len(faces))
    blurred: Tensor = functional.conv2d(rows, kernel.transpose(2, 3), groups=len(faces)).transpose(0, 1)
    return blurred


def compress_faces(faces: Tensor, step: Tensor) -> Tensor:
    """Round the discrete cosine transform of blocks of 8 x 8 pixels as JPEG does (ITU-T T.81).

    faces (N, 1, S, S) with S a multiple of 8, same out. `step` (N, 1, 1, 1) is what the coarseness grows by with each
    step of frequency.
    """
    order = torch.arange(8.0, device=faces.device)
    basis = torch.cos(torch.pi * (order + 0.5) * order.unsqueeze(1) / 8) / 2
    basis[0] /= math.sqrt(2)
    coarseness = step.unsqueeze(-1).unsqueeze(-1) * (1 + order + order.unsqueeze(1)) / 2
    blocks = faces.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).transpose(3, 4)
    rounded = (basis @ blocks @ basis.T / coarseness).round() * coarseness
    restored: Tensor = (basis.T @ rounded @ basis).transpose(3, 4)
    return restored.flatten(4).flatten(2, 3)


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
