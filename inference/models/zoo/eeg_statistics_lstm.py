"""LSTM over the statistics of two-channel EEG (Kanafin, Myrzakhmet and Kuanysh)."""

from torch import nn

from inference.models.zoo._recurrent import RecurrentNetwork, RecurrentOptions


class Options(RecurrentOptions, frozen=True, kw_only=True):
    """Those of every recurrent network over statistics."""


class Network(RecurrentNetwork):
    """One layer of LSTM and a classifier."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, nn.LSTM)
