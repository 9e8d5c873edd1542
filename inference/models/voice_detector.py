"""The voice activity detector of silero-vad: its network, and its weights as the package ships them.

They come from https://github.com/snakers4/silero-vad, MIT licence. The package itself is not imported.
"""

from functools import cache
from importlib.metadata import distribution
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 512
_CONTEXT = 64  # samples in front of a frame that belong to its input
_N_FFT = 256
_HOP = 128
_REFLECTED = 64  # samples behind a frame
_WIDTH = 128
_WEIGHTS = "silero_vad/data/silero_vad_16k.safetensors"


class DetectorState(NamedTuple):
    """What the detector keeps between calls: samples (64,), and hidden and cell state of the LSTM, (1, 1, 128) each."""

    context: Tensor
    hidden: Tensor
    cell: Tensor

    @classmethod
    def initial(cls) -> "DetectorState":
        """Return the state at the start of a recording."""
        return cls(torch.zeros(_CONTEXT), torch.zeros(1, 1, _WIDTH), torch.zeros(1, 1, _WIDTH))


class VoiceDetector(nn.Module):
    """Mono sound at 16 kHz, frame by frame of 512 samples, to the probability that a frame holds speech."""

    def __init__(self) -> None:
        super().__init__()
        self.stft = nn.Conv1d(1, _N_FFT + 2, _N_FFT, _HOP, bias=False)  # real parts, then imaginary parts
        self.encoder = nn.Sequential(
            nn.Conv1d(_N_FFT // 2 + 1, _WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(_WIDTH, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv1d(64, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv1d(64, _WIDTH, 3, padding=1),
            nn.ReLU(),
        )
        self.lstm = nn.LSTM(_WIDTH, _WIDTH)
        self.classifier = nn.Linear(_WIDTH, 1)

    def forward(self, sound: Tensor, state: DetectorState) -> tuple[Tensor, DetectorState]:
        """Return the probabilities (frames,) of sound (frames * 512,) and the state behind it."""
        padded = torch.cat((state.context, sound))
        frames = padded.unfold(0, _CONTEXT + FRAME_SAMPLES, FRAME_SAMPLES).unsqueeze(1)
        real, imaginary = self.stft(functional.pad(frames, (0, _REFLECTED), mode="reflect")).chunk(2, dim=1)
        encoded = self.encoder((real.square() + imaginary.square()).sqrt())
        hidden, (last, cell) = self.lstm(
            encoded.permute(2, 0, 1).flatten(0, 1).unsqueeze(1), (state.hidden, state.cell)
        )
        return self.classifier(hidden.relu()).sigmoid().flatten(), DetectorState(padded[-_CONTEXT:], last, cell)


@cache
def load_detector() -> VoiceDetector:
    """Return the detector with silero-vad's weights."""
    weights = load_file(str(distribution("silero-vad").locate_file(_WEIGHTS)))
    detector = VoiceDetector()
    state = {"stft.weight": weights["stft_conv.weight"], "classifier.bias": weights["final_conv.bias"]}
    state["classifier.weight"] = weights["final_conv.weight"].squeeze(2)
    for number in range(4):
        for part in ("weight", "bias"):
            state[f"encoder.{2 * number}.{part}"] = weights[f"conv{number + 1}.{part}"]
    for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        state[f"lstm.{part}_l0"] = weights[f"lstm_cell.{part}"]
    detector.load_state_dict(state)
    return detector.eval()
