"""Score an audio-video model on recordings that a person corrected."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from inference import store
from inference.predictors.audio_visual import AudioVisualPredictor
from training.engine import devices as distributed
from training.errors import DatasetError
from training.evaluation.metrics import scores
from training.features.recordings import Reading, prepare, read_clips
from training.tasks.recordings import Windows, clip_logits, wanted


def evaluate(reference: str, root: Path) -> dict[str, Any]:
    """Scores of a model of the store, each segment read by the mean logits of its windows; the interval is over people.

    Only segments with a label of the model count. Raises DatasetError where there are none.
    """
    reader = AudioVisualPredictor.load(store.get(reference))
    found = [clip for clip in read_clips("corrected", root, None, reader.window_s) if clip.label in reader.labels]
    if not found:
        raise DatasetError(f"{root}: no segment of {reader.window_s} s with one of {', '.join(reader.labels)}")
    clips = prepare(found, Reading(reader.face, reader.speech, reader.window_s))
    windows = Windows(clips, reader)
    logits = clip_logits(reader.network.to(distributed.device()), windows)
    people = np.array([clip.person for clip in clips])
    return scores(softmax(logits / reader.temperature, axis=1), wanted(windows), reader.labels, people)
