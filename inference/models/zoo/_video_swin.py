"""Video Swin Transformer (Liu et al. 2022, CVPR): attention within shifted windows of space and time.

Parameters have torchvision's names, so that weights of its `swin3d_t` fit the sizes of `VideoSwin`'s defaults.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_MASKED = -100.0  # of a logit, as published
_DEVIATION = 0.02  # of the initial weights

Shape = tuple[int, int, int]  # of time, height and width


class VideoSwin(nn.Module):
    """Features (B, time / 2, height / 32, width / 32, 8 * width) of clips (B, 3, time, height, width).

    The defaults are those of Video Swin-T. Sizes that are no multiples of a patch are padded with zeros.
    """

    def __init__(
        self,
        width: int = 96,
        depths: Sequence[int] = (2, 2, 6, 2),
        heads: Sequence[int] = (3, 6, 12, 24),
        window: Shape = (8, 7, 7),
        patch: Shape = (2, 4, 4),
        drop_path: float = 0.1,
    ) -> None:
        super().__init__()
        self.channels = width * 2 ** (len(depths) - 1)
        self.patch_embed = PatchEmbedding(width, patch)
        rates = (drop_path * number / max(1, sum(depths) - 1) for number in itertools.count())
        layers: list[nn.Module] = []
        for number, (depth, stage_heads) in enumerate(zip(depths, heads, strict=True)):
            channels = width * 2**number
            if number:
                layers.append(PatchMerging(channels // 2))
            blocks = (Block(channels, stage_heads, window, bool(odd % 2), next(rates)) for odd in range(depth))
            layers.append(nn.Sequential(*blocks))
        self.features = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(self.channels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=_DEVIATION)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, clips: Tensor) -> Tensor:
        """Encode clips."""
        features: Tensor = self.norm(self.features(self.patch_embed(clips)))
        return features


class PatchEmbedding(nn.Module):
    """One vector for each patch, channels last."""

    def __init__(self, width: int, patch: Shape) -> None:
        super().__init__()
        self.patch = patch
        self.proj = nn.Conv3d(3, width, patch, patch)
        self.norm = nn.LayerNorm(width)

    def forward(self, clips: Tensor) -> Tensor:
        """Cut and embed clips (B, 3, time, height, width)."""
        missing = [(0, -size % side) for size, side in zip(clips.shape[2:], self.patch, strict=True)]
        padded = functional.pad(clips, [side for pair in reversed(missing) for side in pair])
        embedded: Tensor = self.norm(self.proj(padded).permute(0, 2, 3, 4, 1))
        return embedded


class PatchMerging(nn.Module):
    """Half the height and width, twice the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Merge squares of four patches."""
        x = functional.pad(x, (0, 0, 0, x.shape[3] % 2, 0, x.shape[2] % 2))
        squares = torch.cat([x[:, :, row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)
        merged: Tensor = self.reduction(self.norm(squares))
        return merged


class Block(nn.Module):
    """Attention within windows and two layers, each with a residual that training skips at random."""

    def __init__(self, channels: int, heads: int, window: Shape, shifted: bool, drop_path: float) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, heads, window, shifted)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Identity(), nn.Linear(4 * channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, time, height, width, channels)."""
        x = x + self._drop(self.attn(self.norm1(x)))
        return x + self._drop(self.mlp(self.norm2(x)))

    def _drop(self, x: Tensor) -> Tensor:
        """Stochastic depth (Huang et al. 2016): zero the residual of a share of the batch."""
        if not self.training or not self.drop_path:
            return x
        stays = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.drop_path
        return x * stays / (1 - self.drop_path)


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for each difference of two places."""

    def __init__(self, channels: int, heads: int, window: Shape, shifted: bool) -> None:
        super().__init__()
        self.heads, self.window, self.shifted = heads, window, shifted
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        differences = (2 * window[0] - 1) * (2 * window[1] - 1) * (2 * window[2] - 1)
        self.relative_position_bias_table = nn.Parameter(torch.zeros(differences, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=_DEVIATION)

    def forward(self, x: Tensor) -> Tensor:
        """Attend in (B, time, height, width, channels). A window is no larger than the map, and fills it unshifted."""
        size: Shape = (x.shape[1], x.shape[2], x.shape[3])
        window = tuple(min(side, limit) for side, limit in zip(size, self.window, strict=True))
        shift = tuple(
            limit // 2 if self.shifted and side > limit else 0 for side, limit in zip(size, self.window, strict=True)
        )
        missing = [-side % step for side, step in zip(size, window, strict=True)]
        x = functional.pad(x, (0, 0, 0, missing[2], 0, missing[1], 0, missing[0]))
        padded = x.shape[1:4]
        x = x.roll([-step for step in shift], (1, 2, 3))
        attended = _join(self._attend(_split(x, window), self._bias(window, tuple(padded), shift)), window, padded)
        attended = attended.roll(shift, (1, 2, 3))[:, : size[0], : size[1], : size[2]]
        projected: Tensor = self.proj(attended)
        return projected

    def _attend(self, windows: Tensor, bias: Tensor) -> Tensor:
        """Attend in windows (B, windows, places, channels)."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(2, 3) for part in self.qkv(windows).chunk(3, dim=-1)
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return attended.transpose(2, 3).flatten(3)

    def _bias(self, window: tuple[int, ...], padded: tuple[int, ...], shift: tuple[int, ...]) -> Tensor:
        """Biases (windows or 1, heads, places, places), which rule out what only the shift brought together."""
        table = self.relative_position_bias_table
        bias = table[_differences(window, self.window).to(table.device)].permute(2, 0, 1)[None]
        return bias + _shift_mask(padded, window, shift).to(table.device) if any(shift) else bias


def _split(x: Tensor, window: Sequence[int]) -> Tensor:
    """Cut (B, time, height, width, C) into (B, windows, places, C)."""
    for axis, side in zip((1, 3, 5), window, strict=True):
        x = x.unflatten(axis, (-1, side))
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4, 6).flatten(1, 3)


def _join(windows: Tensor, window: Sequence[int], size: Sequence[int]) -> Tensor:
    """The inverse of `_split` for a map of `size`."""
    counts = [side // step for side, step in zip(size, window, strict=True)]
    x = windows.unflatten(2, tuple(window)).unflatten(1, counts)
    return x.permute(0, 1, 4, 2, 5, 3, 6, 7).flatten(5, 6).flatten(3, 4).flatten(1, 2)


def _differences(window: tuple[int, ...], largest: Shape) -> Tensor:
    """Row (places, places) of the table, which is laid out for the `largest` window, for each pair of places."""
    places = torch.tensor(list(itertools.product(*map(range, window))))
    difference = places[:, None] - places[None] + torch.tensor(largest) - 1
    sides = [2 * side - 1 for side in largest]
    return (difference[..., 0] * sides[1] + difference[..., 1]) * sides[2] + difference[..., 2]


def _shift_mask(size: tuple[int, ...], window: tuple[int, ...], shift: tuple[int, ...]) -> Tensor:
    """Mask (windows, 1, places, places) of places that were not neighbours before the map was rolled."""
    region = torch.zeros(1, *size, 1)
    for axis, (side, length, step) in enumerate(zip(size, window, shift, strict=True)):
        if step:
            places = torch.arange(side)
            part = (places >= side - length).float() + (places >= side - step).float()
            region = 3 * region + part.view([-1 if axis == each - 1 else 1 for each in range(5)])
    regions = _split(region, window)[0, :, :, 0]
    return torch.where(regions[:, :, None] == regions[:, None], 0.0, _MASKED)[:, None]
