"""What a timeline says of the whole recording."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from inference.timeline.dimensions import predict_dimensions
from inference.timeline.unimodal_predictions import unimodal_prediction, unimodal_probabilities
from inference.types import UNDETERMINED, Correction, Modality, Mode, Segment, Timeline

DECIMALS = 3


def summary(timeline: Timeline) -> dict[str, Any]:
    """Return the label with the largest share of the time, each label's `share` and `mean_probability`, 0..1.

    A share counts how long a label is the final one. The mean probability is taken over the determined segments; it
    is empty where all time is undetermined. `valence` and `arousal` are those of the mean probability. With EEG,
    `audio_video` holds label, share and mean probability of audio and video alone, where that was recorded.
    """
    found = _summarise(timeline, [(segment.label, segment.probabilities) for segment in timeline.segments])
    found |= summarise_dimensions(timeline.labels, found["mean_probability"])
    fused = [segment for segment in timeline.segments if segment.evidence.eeg]
    if timeline.mode is Mode.AUDIO_VIDEO_EEG and all(segment.unimodal is not None for segment in fused):
        audio_video = [
            (
                prediction.label if prediction else UNDETERMINED,
                unimodal_probabilities(segment, Modality.AUDIO_VIDEO) or {},
            )
            for segment in timeline.segments
            for prediction in [unimodal_prediction(segment, Modality.AUDIO_VIDEO)]
        ]
        found["audio_video"] = _summarise(timeline, audio_video)
    return found


def _summarise(timeline: Timeline, predictions: Sequence[tuple[str, Mapping[str, float]]]) -> dict[str, Any]:
    """Summarise a label and its probabilities for each segment."""
    share = dict.fromkeys((*timeline.labels, UNDETERMINED), 0.0)
    mean = dict.fromkeys(timeline.labels, 0.0)
    lengths = [segment.end_s - segment.start_s for segment in timeline.segments]
    total = sum(lengths)
    determined = sum(length for length, (label, _) in zip(lengths, predictions, strict=True) if label != UNDETERMINED)
    for length, (label, probabilities) in zip(lengths, predictions, strict=True):
        share[label] += length / total
        if label != UNDETERMINED:
            for each in timeline.labels:
                mean[each] += probabilities[each] * length / determined
    return {
        "label": max(share, key=lambda label: share[label]),
        "share": {label: round(value, DECIMALS) for label, value in share.items()},
        "mean_probability": {label: round(value, DECIMALS) for label, value in mean.items()} if determined else {},
    }


def summarise_dimensions(labels: Sequence[str], mean_probability: Mapping[str, float]) -> dict[str, Any]:
    """Return `valence` and `arousal` of a mean probability as plain data; empty where a label has no level."""
    predictions = predict_dimensions({label: mean_probability.get(label, 0.0) for label in labels})
    return {
        name: asdict(prediction)
        | {
            "confidence": round(prediction.confidence, DECIMALS),
            "probabilities": {level: round(share, DECIMALS) for level, share in prediction.probabilities.items()},
        }
        for name, prediction in predictions.items()
    }


def label_shares(segments: Sequence[Segment | Correction], labels: Sequence[str]) -> dict[str, float]:
    """Return the share 0..1 of the time that each of `labels`, and UNDETERMINED, takes among tiling segments."""
    share = dict.fromkeys((*labels, UNDETERMINED), 0.0)
    total = sum(segment.end_s - segment.start_s for segment in segments)
    for segment in segments:
        share[segment.label] += (segment.end_s - segment.start_s) / total
    return share
