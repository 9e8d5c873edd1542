"""How much of a face or a voice is enough for a prediction."""

from inference.timeline.arrays import Floats, Mask

MIN_FACE = 0.1  # share of samples with a face below which the face is left out
MIN_VOICE = 0.05  # share of voice activity below which the voice is left out


def is_sufficient(face: Floats, voice: Floats) -> Mask:
    """Return where the face or the voice (shares 0..1, one shape) is enough for a prediction."""
    return (face >= MIN_FACE) | (voice >= MIN_VOICE)
