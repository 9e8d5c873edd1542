"""MERCL (Lee, Kim and Kim, Bioengineering 11(10), 2024): contrastive learning, then cross-modal attention.

The segments last 4 s and overlap by half. The paper aligns the modalities with a lag that it does not print; here they
are simultaneous.
"""

from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from inference.models.zoo._contrastive import Form, amcl, emcl, smcl
from inference.models.zoo._temporal import TemporalEncoder
from inference.models.zoo._trimodal import MODALITIES, EncoderOptions, input_shapes, spatial_encoders
from inference.models.zoo.system import Inputs, Stage, System

PAIRS = tuple((query, key) for query in MODALITIES for key in MODALITIES if key != query)


class Options(EncoderOptions, frozen=True, kw_only=True):
    """The paper prints none of these numbers."""

    width: int = 128
    """Common to the temporal encoders."""
    kernel: int = 3
    """Steps of a causal filter."""
    projection: int = 128
    """Width of the embeddings that are contrasted."""
    heads: int = 4
    form: Form = "stable"
    """Of the losses: `literal` is printed and becomes NaN as soon as the sum of the similarities is negative."""
    temperature: float = 0.07
    alpha: float = 0.8
    """Similarity that two modalities of one sample ought to have."""
    loss_weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of AMCL, EMCL and SMCL."""
    energy_threshold: float = 0.1
    """Mean mel magnitude below which a sample does not take part in SMCL. Silence has 0.01, quiet
    speech 0.2. The audio must not be standardised, or its energy cannot be told."""
    encoders: Literal["frozen", "fine-tuned"] = "frozen"
    """In the second stage: the paper's algorithm freezes them, its text optimises everything."""


class Network(System):
    """Spatial and temporal encoders of three modalities, six cross-modal attentions and a perceptron."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        if options.width % options.heads:
            raise ValueError(f"width {options.width}: not a multiple of {options.heads} heads")
        self.options = options
        self.inputs = input_shapes(options)
        width = options.width
        self.encoders = nn.ModuleDict(
            {
                name: nn.Sequential(encoder, TemporalEncoder(encoder.features, width, options.kernel, options.dropout))
                for name, encoder in spatial_encoders(options).items()
            }
        )
        self.projections = nn.ModuleDict({name: nn.Linear(width, options.projection) for name in MODALITIES})
        self.attentions = nn.ModuleDict(
            {f"{key}-to-{query}": nn.MultiheadAttention(width, options.heads, batch_first=True) for query, key in PAIRS}
        )
        self.classifier = nn.Sequential(
            nn.Linear(len(PAIRS) * width, width), nn.ReLU(), nn.Linear(width, options.classes)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        return self.classify(self.encode(inputs))

    def encode(self, inputs: Inputs) -> dict[str, Tensor]:
        """Representation (B, T, width) of each modality, each with its own T."""
        return {name: self.encoders[name](inputs[name]) for name in MODALITIES}

    def attend(self, encoded: dict[str, Tensor], query: str, key: str) -> Tensor:
        """What each step of `query` takes from the modality `key`, (B, T of query, width).

        The paper's equation 12 omits the softmax of the attention weights.
        """
        values = encoded[key]
        attended: Tensor = self.attentions[f"{key}-to-{query}"](encoded[query], values, values, need_weights=False)[0]
        return attended

    def classify(self, encoded: dict[str, Tensor]) -> Tensor:
        """Logits (B, classes) of the six attentions, each a mean over its steps, side by side."""
        fused = [self.attend(encoded, query, key).mean(1) for query, key in PAIRS]
        logits: Tensor = self.classifier(torch.cat(fused, 1))
        return logits

    def contrastive_loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Weighted sum of AMCL, EMCL and SMCL of a batch."""
        options = self.options
        embeddings = {name: self.projections[name](hidden.mean(1)) for name, hidden in self.encode(inputs).items()}
        losses = (
            amcl(embeddings, targets, options.form, options.temperature),
            emcl(embeddings, targets, options.form, options.temperature),
            smcl(embeddings, self.has_sound(inputs["audio"]), options.form, options.alpha),
        )
        return torch.stack([weight * loss for weight, loss in zip(options.loss_weights, losses, strict=True)]).sum()

    def has_sound(self, log_mel: Tensor) -> Tensor:
        """Whether a window's audio (B, bands, frames) has the energy to take part in SMCL, (B,)."""
        return log_mel.exp().mean((1, 2)) >= self.options.energy_threshold

    def classification_loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Cross-entropy; frozen encoders are neither trained nor in training mode."""
        frozen = self.options.encoders == "frozen"
        if frozen:
            self.encoders.eval()
        with torch.no_grad() if frozen else nullcontext():
            encoded = self.encode(inputs)
        return nn.functional.cross_entropy(self.classify(encoded), targets)

    def stages(self) -> tuple[Stage, ...]:
        """Contrastive pre-training of the encoders, then fine-tuning with the attentions and the perceptron."""
        encoders = (*self.encoders.parameters(), *self.projections.parameters())
        head = (*self.attentions.parameters(), *self.classifier.parameters())
        tuned = head if self.options.encoders == "frozen" else (*self.encoders.parameters(), *head)
        return (
            Stage("contrastive", self.contrastive_loss, encoders, epochs=0.5),
            Stage("fine-tuning", self.classification_loss, tuned, epochs=0.5),
        )
