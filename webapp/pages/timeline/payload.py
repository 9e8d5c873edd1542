"""A timeline as compact numbers for the page's scripts, which draw and search it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.timeline.axis import TICK_STEPS_S
from inference.timeline.labels import label_indices, with_undetermined
from inference.timeline.sampling import probability_columns
from inference.timeline.unimodal import unimodal_predictions
from inference.types import Mode, Timeline
from inference.wording import MODALITIES
from webapp.pages.timeline.tiers import Lane, height, room_to_correct

COLUMN_S = 0.5  # the chart's resolution, as far as MOST_COLUMNS allow
FEWEST_COLUMNS, MOST_COLUMNS = 240, 3600


def handover(timeline: Timeline, stack: Sequence[Lane]) -> dict[str, Any]:
    """Times in seconds, shares in whole percent, labels as indexes into `labels`, the last of which is undetermined.

    `segments`: [start, end, label, confidence, face, voice, eeg, alone], the last being [name, label, share] of each
    modality that says something by itself. `lanes`: their runs as [start, end, value].
    `chart`: at even distances, the probability of each label; an empty list where nothing was read. `room`: the lane of
    a person who corrects. `steps`: seconds between the marks of the axis. `faces`: whether their places were kept.
    """
    labels = with_undetermined(timeline.labels)
    with_eeg = timeline.mode is Mode.AUDIO_VIDEO_EEG
    index = label_indices(timeline.labels)
    return {
        "duration": timeline.media.duration_s,
        "height": height(stack),
        "labels": labels,
        "segments": [
            [
                segment.start_s,
                segment.end_s,
                index[segment.label],
                *(
                    round(100 * share)
                    for share in (
                        segment.confidence,
                        segment.evidence.face,
                        segment.evidence.voice,
                        segment.evidence.eeg,
                    )
                ),
                [
                    [MODALITIES[modality], index[prediction.label], round(100 * prediction.probability)]
                    for modality, prediction in unimodal_predictions(segment, with_eeg=with_eeg)
                ],
            ]
            for segment in timeline.segments
        ],
        "lanes": [
            {
                "name": lane.name,
                "kind": lane.kind,
                "top": lane.top,
                "height": lane.height,
                "runs": lane.runs,
            }
            for lane in stack
        ],
        "chart": _chart(timeline),
        "room": room_to_correct()._asdict(),
        "steps": TICK_STEPS_S,
        "faces": timeline.faces is not None,
    }


def _chart(timeline: Timeline) -> list[list[int]]:
    count = int(np.clip(timeline.media.duration_s / COLUMN_S, FEWEST_COLUMNS, MOST_COLUMNS))
    shares: list[list[int]] = np.round(100 * probability_columns(timeline, count)).astype(int).tolist()
    return [column if any(column) else [] for column in shares]
