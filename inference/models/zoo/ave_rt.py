"""AVE-RT, a baseline of MERCL (Lee, Kim and Kim 2024): audio, video and EEG in a recurrent transformer.

The paper prints its name and its score alone. Its RT is read as "recurrent transformer" here, which may not be what was
meant: an LSTM, which gives the steps their order, and a transformer encoder over its states. All sizes are ours.
"""

from torch import Tensor, nn

from inference.models.zoo._sequence_fusion import SequenceFusion
from inference.models.zoo._trimodal import EncoderOptions, input_shapes
from inference.models.zoo.system import Inputs, System


class Options(EncoderOptions, frozen=True, kw_only=True):
    """Sizes of the encoders, the LSTM and the transformer."""

    hidden: int = 128
    """Width of the LSTM and of the transformer."""
    layers: int = 2
    heads: int = 4


class Network(System):
    """The classifier reads the mean over the steps."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        hidden = options.hidden
        if hidden % options.heads:
            raise ValueError(f"hidden {hidden}: not a multiple of {options.heads} heads")
        self.inputs = input_shapes(options)
        self.fusion = SequenceFusion(options)
        self.lstm = nn.LSTM(self.fusion.features, hidden, batch_first=True)
        self.transformer = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(hidden, options.heads, 4 * hidden, options.dropout, "gelu", batch_first=True)
                for _ in range(options.layers)
            )
        )
        self.classifier = nn.Linear(hidden, options.classes)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        states, _ = self.lstm(self.fusion(inputs))
        logits: Tensor = self.classifier(self.transformer(states).mean(1))
        return logits
