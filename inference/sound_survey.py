"""What every window of a recording needs to know of the whole sound."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from inference.media.mixdown import Mixdown
from inference.recording_norm import FeatureNorm
from inference.voice_activity import VoiceActivity


class SoundSurvey(NamedTuple):
    """How the channels are mixed, None without sound, where there is a voice, and how loud.

    `norm` normalises every window, for a model with `recording_norm`.
    """

    mix: Mixdown | None
    voice: VoiceActivity
    norm: FeatureNorm | None = None

    def encode(self) -> bytes:
        """Return the survey as MessagePack; without a norm, as workers of earlier releases read it."""
        return msgspec.msgpack.encode(self if self.norm else self[:2], enc_hook=np.ndarray.tolist)

    @classmethod
    def decode(cls, data: bytes) -> "SoundSurvey":
        """Return the survey that was encoded. Raises ValueError where it is not one."""
        return msgspec.msgpack.decode(data, type=cls, dec_hook=_mask)


def _mask(kind: type, values: Any) -> np.ndarray:  # noqa: ARG001 only masks have no type of their own
    return np.array(values, dtype=bool)
