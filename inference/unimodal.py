"""What one modality alone says of a segment, and how much of each there was, as numbers and in words."""

from collections.abc import Iterator
from typing import NamedTuple

from inference.types import UNDETERMINED, Modality, Segment

NAMES = {
    Modality.FACE: "face",
    Modality.VOICE: "voice",
    Modality.EEG: "EEG",
    Modality.AUDIO_VIDEO: "audio and video",
}


class Prediction(NamedTuple):
    label: str
    probability: float


def probabilities(segment: Segment, modality: Modality) -> dict[str, float] | None:
    """{label: probability} given the modality alone; None where it is absent or was not recorded.

    Audio and video alone made a segment that no EEG entered: theirs are its own.
    """
    if segment.label == UNDETERMINED:
        return None
    if modality is Modality.AUDIO_VIDEO and not segment.evidence.eeg:
        return segment.probabilities
    return (segment.unimodal or {}).get(modality)


def prediction(segment: Segment, modality: Modality) -> Prediction | None:
    """The most probable label given the modality alone; None where it is absent or was not recorded."""
    if modality is Modality.AUDIO_VIDEO and not segment.evidence.eeg and segment.label != UNDETERMINED:
        # Its label is the smoothed one, which need not be the most probable of this stretch.
        return Prediction(segment.label, segment.confidence)
    found = probabilities(segment, modality)
    if found is None:
        return None
    label = max(found, key=lambda each: found[each])
    return Prediction(label, found[label])


def alone(segment: Segment, *, with_eeg: bool) -> Iterator[tuple[str, Prediction]]:
    """Each modality that says something, by name. Audio and video together only stand beside EEG."""
    for modality, name in NAMES.items():
        said = prediction(segment, modality)
        if said and (with_eeg or modality is not Modality.AUDIO_VIDEO):
            yield name, said


def said_alone(segment: Segment, *, with_eeg: bool) -> str:
    """The same in words: `face: sad 61 %, voice: happy 80 %`; empty where nothing says anything."""
    return ", ".join(
        f"{name}: {said.label} {100 * said.probability:.0f} %" for name, said in alone(segment, with_eeg=with_eeg)
    )


def evidence(segment: Segment, *, with_eeg: bool) -> str:
    """What there was to read, in words that nobody takes for votes; EEG only where the recording has it."""
    shown = segment.evidence
    words = [f"face seen {100 * shown.face:.0f} %", f"voice heard {100 * shown.voice:.0f} %"]
    if with_eeg:
        words.append("EEG present" if shown.eeg else "no EEG")
    return ", ".join(words)
