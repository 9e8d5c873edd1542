"""The timeline as the page's scripts get it: columns of numbers under names, which they draw and search."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.timeline.axis import TICK_STEPS_S
from inference.timeline.dimensions import DIMENSIONS, predict_dimensions
from inference.timeline.labels import label_indices, with_undetermined
from inference.timeline.runs import Run
from inference.timeline.sampling import probability_columns
from inference.timeline.unimodal_predictions import unimodal_predictions
from inference.types import UNDETERMINED, Mode, Timeline
from inference.wording import MODALITIES, novelty_text, reason_text
from webapp.pages.timeline.tiers import Tier, corrected_tier_layout, total_height

COLUMN_S = 0.5  # resolution of the probabilities, within the limits below
MIN_COLUMNS, MAX_COLUMNS = 240, 3600


def timeline_payload(timeline: Timeline, tiers: Sequence[Tier]) -> dict[str, Any]:
    """Return what the result page draws. Shares are whole percent, labels indexes into `labels`.

    The last of the `labels` is `undetermined`. `segments` and the runs of `tiers` are columns of equal length.
    `chart` has the probability of each label at even distances, an empty list where nothing was analysed.
    `corrected_tier` is the layout of the tier of corrections, `tick_steps_s` are the distances of clock times to
    choose from, `has_faces` is whether the positions of faces were stored.
    """
    return {
        "duration_s": timeline.media.duration_s,
        "height": total_height(tiers),
        "labels": with_undetermined(timeline.labels),
        "segments": _segment_columns(timeline),
        "tiers": tier_columns(tiers),
        "chart": _chart(timeline),
        "corrected_tier": corrected_tier_layout()._asdict(),
        "tick_steps_s": TICK_STEPS_S,
        "has_faces": timeline.faces is not None,
    }


def tier_columns(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """Return each tier with its runs as the columns start_s, end_s and value."""
    return [
        {
            "name": tier.name,
            "kind": tier.kind,
            "top": tier.top,
            "height": tier.height,
            "runs": {field: [getattr(run, field) for run in tier.runs] for field in Run._fields},
        }
        for tier in tiers
    ]


def _segment_columns(timeline: Timeline) -> dict[str, Any]:
    """Return the segments as columns.

    `unimodal` has a label and a probability by modality, None without one; `dimensions` a level and a probability by
    name, 0 where undetermined; `reason` says why in words, and
    `warning` that the sound is unlike what the model was fitted on.
    """
    index = label_indices(timeline.labels)
    segments = timeline.segments
    with_eeg = timeline.mode is Mode.AUDIO_VIDEO_EEG
    predictions = [dict(unimodal_predictions(segment, with_eeg=with_eeg)) for segment in segments]
    return {
        "start_s": [segment.start_s for segment in segments],
        "end_s": [segment.end_s for segment in segments],
        "label": [index[segment.label] for segment in segments],
        "confidence": [_percent(segment.confidence) for segment in segments],
        "face": [_percent(segment.evidence.face) for segment in segments],
        "voice": [_percent(segment.evidence.voice) for segment in segments],
        "eeg": [_percent(segment.evidence.eeg) for segment in segments],
        "unimodal": {
            name: {
                "label": [index[found[modality].label] if modality in found else None for found in predictions],
                "probability": [
                    _percent(found[modality].probability) if modality in found else None for found in predictions
                ],
            }
            for modality, name in MODALITIES.items()
            if any(modality in found for found in predictions)
        },
        "dimensions": _dimension_columns(timeline),
        "warning": [novelty_text(segment) for segment in segments],
        "reason": [reason_text(segment) if segment.label == UNDETERMINED else "" for segment in segments],
    }


def _dimension_columns(timeline: Timeline) -> dict[str, Any]:
    predictions = [predict_dimensions(segment.probabilities) for segment in timeline.segments]
    return {
        dimension.name: {
            "level": [found[dimension.name].label for found in predictions],
            "probability": [_percent(found[dimension.name].confidence) for found in predictions],
        }
        for dimension in DIMENSIONS
        if all(predictions)
    }


def _percent(share: float) -> int:
    return round(100 * share)


def _chart(timeline: Timeline) -> list[list[int]]:
    count = int(np.clip(timeline.media.duration_s / COLUMN_S, MIN_COLUMNS, MAX_COLUMNS))
    shares: list[list[int]] = np.round(100 * probability_columns(timeline, count)).astype(int).tolist()
    return [column if any(column) else [] for column in shares]
