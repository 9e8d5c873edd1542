"""Simulated timelines in which one measure differs between two conditions and another does not.

The probability of every label but neutral and happy is drawn without regard to the condition. What is left of 1 is
shared by these two, and the share of happy rises during the stimulus of one condition. Mean probabilities of happy
hence differ between the conditions, and those of the six other labels do not.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from inference.timeline.arrays import Floats
from inference.timeline.measures import Span
from inference.timeline.segmentation import segment_windows
from inference.types import EMOTIONS, MediaInfo, Modality, Mode, ModelUsed, Source, Timeline, Window

MODEL = ModelUsed("simulated", "1", "0" * 64, EMOTIONS)
NOTICE = (
    "Simulated: a program made these readings up to show how studies are compared. Nobody was analysed, and the "
    "recording is the bundled sample."
)
PLANTED, UNPLANTED = "happy", "sad"
EFFECT = 1.6  # log-odds of happy at the height of the stimulus
WINDOW_S, HOP_S = 3.6, 0.72
_HAPPY, _NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
_OTHERS = [index for index in range(len(EMOTIONS)) if index not in (_HAPPY, _NEUTRAL)]
_UNIMODAL_SPREAD = 0.35  # log-odds by which face and voice alone differ from both together


@dataclass(frozen=True)
class SimulatedPerson:
    """How a person looks and sounds at rest: log-odds of happy against neutral, and logits of the other labels."""

    happy: float
    others: Floats
    others_share: float


def simulate_person(rng: np.random.Generator) -> SimulatedPerson:
    """Draw a person."""
    return SimulatedPerson(
        happy=float(rng.normal(-0.9, 0.5)),
        others=rng.normal(0, 0.5, len(_OTHERS)),
        others_share=float(rng.normal(-0.7, 0.3)),
    )


def simulate_timeline(
    media: MediaInfo,
    person: SimulatedPerson,
    stimulus: Span,
    rng: np.random.Generator,
    *,
    effect: float,
    face: float = 0.95,
) -> Timeline:
    """Draw a recording of the person; `effect` is added to the log-odds of happy at the height of the stimulus.

    `face` is the mean share of the windows with a face.
    """
    starts = np.arange(0, media.duration_s - WINDOW_S + 1e-9, HOP_S)
    middles = starts + WINDOW_S / 2
    height, width = np.mean(stimulus), (stimulus[1] - stimulus[0]) / 4
    rise = effect * np.exp(-(((middles - height) / width) ** 2))
    happy = expit(person.happy + rng.normal(0, 0.25) + rise + _drift(rng, len(starts)))
    share = expit(person.others_share + rng.normal(0, 0.2) + _drift(rng, len(starts)))
    drifts = np.array([rng.normal(0, 0.25) + _drift(rng, len(starts)) for _ in _OTHERS]).T
    probabilities = np.empty((len(starts), len(EMOTIONS)))
    probabilities[:, _OTHERS] = share[:, None] * softmax(person.others + drifts, axis=1)
    probabilities[:, _HAPPY] = (1 - share) * happy
    probabilities[:, _NEUTRAL] = (1 - share) * (1 - happy)
    faces = np.clip(rng.normal(face, 0.05, len(starts)), 0, 1)
    voices = np.clip(rng.normal(0.6, 0.15, len(starts)), 0, 1)
    windows = tuple(
        Window(
            start_s=round(start, 3),
            end_s=round(start + WINDOW_S, 3),
            source=Source.AUDIO_VIDEO,
            logits=tuple(np.log(row).tolist()),
            probabilities=tuple(row.tolist()),
            face=float(seen),
            voice=float(heard),
            unimodal={modality: _unimodal(row, rng) for modality in (Modality.FACE, Modality.VOICE)},
        )
        for start, row, seen, heard in zip(starts.tolist(), probabilities, faces, voices, strict=True)
    )
    segments = segment_windows(windows, EMOTIONS, media.duration_s, HOP_S)
    return Timeline(Mode.AUDIO_VIDEO, media, (MODEL,), EMOTIONS, windows, segments, NOTICE)


def _drift(rng: np.random.Generator, count: int) -> Floats:
    """Draw noise of which neighbours, whose windows overlap, have much in common."""
    kernel = np.ones(5) / np.sqrt(5)
    drift: Floats = 0.3 * np.convolve(rng.normal(size=count + 4), kernel, mode="valid")
    return drift


def _unimodal(probabilities: Floats, rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(softmax(np.log(probabilities) + rng.normal(0, _UNIMODAL_SPREAD, len(EMOTIONS))).tolist())
