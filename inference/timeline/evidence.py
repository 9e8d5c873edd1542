"""How much of a face or a voice is enough for a prediction, and when both together are not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.timeline.arrays import Floats, Mask
from inference.timeline.dimensions import VALENCE
from inference.types import Reason

MIN_FACE = 0.1  # share of samples with a face below which the face is left out
MIN_VOICE = 0.05  # share of voice activity below which the voice is left out
MAX_IMBALANCE = 0.2  # difference of the probabilities of negative and positive up to which neither prevails
_SHOWN_AS_ZERO = 0.005  # a share below which 0 % is shown

_NEGATIVE, _POSITIVE = VALENCE.levels[0], VALENCE.levels[-1]


@dataclass(frozen=True)
class EvidenceRule:
    """What a prediction needs.

    `min_face` and `min_voice` are shares 0..1, one of which has to be reached. Where the face alone and the voice alone
    have opposite valences, each with the probability `contradiction` or more, the fused prediction has to side with
    one of them; None is no such rule.
    """

    min_face: float = MIN_FACE
    min_voice: float = MIN_VOICE
    contradiction: float | None = None

    def is_sufficient(self, face: Floats, voice: Floats) -> Mask:
        """Return where the face or the voice (shares 0..1, one shape) is enough for a prediction."""
        sufficient: Mask = (face >= self.min_face) | (voice >= self.min_voice)
        return sufficient

    def contradicts(self, labels: Sequence[str], fused: Floats, face: Floats, voice: Floats) -> Mask:
        """Return where face and voice contradict each other with equal weight, (N,).

        `fused`, `face` and `voice` are probabilities (N, labels), zero where a modality is absent.
        """
        if self.contradiction is None:
            return np.zeros(len(fused), dtype=bool)
        poles = np.array([[VALENCE.level_of.get(label) == pole for label in labels] for pole in (_NEGATIVE, _POSITIVE)])
        (fused_negative, fused_positive), (face_negative, face_positive), (voice_negative, voice_positive) = (
            (probabilities @ poles.T).T for probabilities in (fused, face, voice)
        )
        limit = self.contradiction
        opposite: Mask = ((face_negative >= limit) & (voice_positive >= limit)) | (
            (face_positive >= limit) & (voice_negative >= limit)
        )
        balanced: Mask = np.abs(fused_negative - fused_positive) <= MAX_IMBALANCE
        return opposite & balanced


PUBLISHED_RULE = EvidenceRule()


def is_sufficient(face: Floats, voice: Floats) -> Mask:
    """Return where the face or the voice (shares 0..1, one shape) is enough for the published models."""
    return PUBLISHED_RULE.is_sufficient(face, voice)


def insufficiency(face: float, voice: float) -> Reason:
    """Return why shares of a face and a voice are not enough."""
    return Reason.NO_FACE_NO_VOICE if max(face, voice) < _SHOWN_AS_ZERO else Reason.TOO_LITTLE
