"""Features of several modalities side by side in time, as MERCL's recurrent baselines read them."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.zoo._trimodal import VideoEEGOptions, spatial_encoders
from inference.models.zoo.system import Inputs


class SequenceFusion(nn.Module):
    """MERCL's spatial encoders: their tokens, normalised, are brought to one step an image: (B, T, features).

    Lee, Kim and Kim 2024 do not tell what their baselines read; here it is what MERCL reads.
    """

    def __init__(self, options: VideoEEGOptions) -> None:
        super().__init__()
        encoders = spatial_encoders(options)
        self.steps = options.images
        self.features = sum(encoder.features for encoder in encoders.values())
        self.encoders = nn.ModuleDict(
            {name: nn.Sequential(encoder, nn.LayerNorm(encoder.features)) for name, encoder in encoders.items()}
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Encode the windows of each input."""
        tokens = [encoder(inputs[name]).transpose(1, 2) for name, encoder in self.encoders.items()]
        aligned = [functional.adaptive_avg_pool1d(sequence, self.steps) for sequence in tokens]
        return torch.cat(aligned, 1).transpose(1, 2)
