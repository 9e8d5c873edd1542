"""Sizes of the transformers of speech and vision, which are those of the base model by default."""

from typing import Any

from inference.models.zoo.system import SystemOptions


class TransformerOptions(SystemOptions, frozen=True, kw_only=True):
    """Sizes of the encoder, and its weights."""

    hidden: int = 768
    layers: int = 12
    heads: int = 12
    feed_forward: int = 3072
    weights: str | None = None
    """A safetensors file, or a folder that transformers' `from_pretrained` reads."""


def sizes(options: TransformerOptions) -> dict[str, Any]:
    """The sizes under the names of transformers' configurations.

    The published deviation of initial weights, 0.02, is for 768 units: narrower layers begin with larger weights.
    Raises ValueError where the heads do not divide the hidden units.
    """
    if options.hidden % options.heads:
        raise ValueError(f"hidden {options.hidden}: not a multiple of {options.heads} heads")
    return {
        "hidden_size": options.hidden,
        "num_hidden_layers": options.layers,
        "num_attention_heads": options.heads,
        "intermediate_size": options.feed_forward,
        "initializer_range": 0.02 * (768 / options.hidden) ** 0.5,
    }
