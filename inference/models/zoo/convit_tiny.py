"""ConViT-tiny (d'Ascoli et al., ICML 2021) on each image, as Kanafin, Myrzakhmet and Kuanysh fitted it on FER-2013.

Its first layers attend by gated positions: to the contents of patches, and to their places, as a convolution does.
Each head learns, by a gate, how much of either. The names of the parameters are those of the published weights.
"""

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.zoo._frames import PerFrame, Vote
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo.system import SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are ConViT-tiny's, and FER-2013's seven classes."""

    classes: int = 7
    images: Annotated[int, msgspec.Meta(ge=1)] = 25
    size: int = 224
    """Height and width of an image, pixels."""
    patch: int = 16
    heads: int = 4
    """A square: their first places are those of a square kernel."""
    head_width: int = 48
    layers: int = 12
    local_layers: int = 10
    """Those with gated positions, which come first; the class token joins behind them."""
    vote: Vote = "mean-probability"
    weights: str | None = None
    """Path of ImageNet's weights: a safetensors file with the published names."""


class PatchEmbedding(nn.Module):
    """Patches of images (N, 3, size, size) -> (N, patches, width)."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        """Map each patch."""
        return self.proj(images).flatten(2).transpose(1, 2)


class GatedPositionalAttention(nn.Module):
    """Attention to contents and to places (d'Ascoli et al. 2021, equations 7 and 8)."""

    places: Tensor

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads = heads
        self.qk = nn.Linear(width, 2 * width, bias=False)
        self.v = nn.Linear(width, width, bias=False)
        self.proj = nn.Linear(width, width)
        self.pos_proj = nn.Linear(3, heads)
        self.gating_param = nn.Parameter(torch.ones(heads))
        self.register_buffer("places", _places(side), persistent=False)

    @torch.no_grad()
    def attend_as_convolution(self) -> None:
        """Let each head begin with one place of a square kernel, and pass on values as they are."""
        nn.init.eye_(self.v.weight)
        side = round(self.heads**0.5)
        shifts = torch.arange(side) - (side - 1) / 2
        self.pos_proj.weight[:, 0] = 2 * shifts.repeat_interleave(side)
        self.pos_proj.weight[:, 1] = 2 * shifts.repeat(side)
        self.pos_proj.weight[:, 2] = -1

    def forward(self, x: Tensor) -> Tensor:
        """Attend within (N, patches, width)."""
        queries, keys = self.qk(x).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        contents = (queries @ keys.transpose(2, 3) * queries.shape[3] ** -0.5).softmax(3)
        places = self.pos_proj(self.places).permute(2, 0, 1).softmax(2)
        gate = self.gating_param.sigmoid()[:, None, None]
        values = self.v(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        attention = (1 - gate) * contents + gate * places
        return self.proj((attention @ values).transpose(1, 2).flatten(2))


class Attention(nn.Module):
    """Attention to contents alone (Vaswani et al. 2017), with no bias of queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Attend within (N, tokens, width)."""
        queries, keys, values = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        return self.proj(attended.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Two layers with GELU, four times as wide between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map each token."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and perceptron, each normalised before and added after."""

    def __init__(self, width: int, attention: nn.Module) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = attention
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = MLP(width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (N, tokens, width)."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ConViT(nn.Module):
    """The class token (N, width) of images (N, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        if round(options.heads**0.5) ** 2 != options.heads:
            raise ValueError(f"heads {options.heads}: not a square")
        side, width = options.size // options.patch, options.heads * options.head_width
        self.local_layers = options.local_layers
        self.patch_embed = PatchEmbedding(options.patch, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, side**2, width))
        self.blocks = nn.ModuleList(
            Block(
                width,
                GatedPositionalAttention(width, options.heads, side)
                if number < options.local_layers
                else Attention(width, options.heads),
            )
            for number in range(options.layers)
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        deviation = 0.02 * 192 / width  # as published for 192 units; narrower layers begin with larger weights
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=deviation)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, GatedPositionalAttention):
                module.attend_as_convolution()
        nn.init.trunc_normal_(self.cls_token, std=deviation)
        nn.init.trunc_normal_(self.pos_embed, std=deviation)

    def forward(self, images: Tensor) -> Tensor:
        """Encode images."""
        x = self.patch_embed(images) + self.pos_embed
        for block in self.blocks[: self.local_layers]:
            x = block(x)
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), 1)
        for block in self.blocks[self.local_layers :]:
            x = block(x)
        return self.norm(x)[:, 0]


class Network(PerFrame):
    """Classifies faces (B, images, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (options.images, 3, options.size, options.size)}
        self.vote = options.vote
        self.backbone = ConViT(options)
        load_weights(self.backbone, options.weights, "ConViT", unused=r"^head\.")
        self.head = nn.Linear(options.heads * options.head_width, options.classes)

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 3, size, size)."""
        return self.head(self.backbone(images))


def _places(side: int) -> Tensor:
    """Columns, rows and squared distance from each patch to each other: (patches, patches, 3)."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    down = rows.flatten()[None, :] - rows.flatten()[:, None]
    right = columns.flatten()[None, :] - columns.flatten()[:, None]
    return torch.stack((right, down, right**2 + down**2), 2).float()
