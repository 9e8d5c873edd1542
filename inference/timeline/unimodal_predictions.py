"""Predictions given one modality alone."""

from collections.abc import Iterator
from typing import NamedTuple

from inference.types import UNDETERMINED, Modality, Segment


class Prediction(NamedTuple):
    """A label and its probability, 0..1."""

    label: str
    probability: float


def unimodal_probabilities(segment: Segment, modality: Modality) -> dict[str, float] | None:
    """Return {label: probability} given the modality alone; None where it is absent or was not recorded.

    Those of audio-video are the segment's own where no EEG entered it.
    """
    if modality is Modality.AUDIO_VIDEO and not segment.evidence.eeg:
        return None if segment.label == UNDETERMINED else segment.probabilities
    return (segment.unimodal or {}).get(modality)


def unimodal_prediction(segment: Segment, modality: Modality) -> Prediction | None:
    """Return the most probable label given the modality alone; None where it is absent or was not recorded."""
    if modality is Modality.AUDIO_VIDEO and not segment.evidence.eeg and segment.label != UNDETERMINED:
        # Its label is the smoothed one, which need not be the most probable of this segment.
        return Prediction(segment.label, segment.confidence)
    probabilities = unimodal_probabilities(segment, modality)
    if probabilities is None:
        return None
    label = max(probabilities, key=lambda each: probabilities[each])
    return Prediction(label, probabilities[label])


def unimodal_predictions(segment: Segment, *, with_eeg: bool) -> Iterator[tuple[Modality, Prediction]]:
    """Yield the prediction of each modality that is present. Audio-video is one of them only beside EEG."""
    for modality in Modality:
        prediction = unimodal_prediction(segment, modality)
        if prediction and (with_eeg or modality is not Modality.AUDIO_VIDEO):
            yield modality, prediction
