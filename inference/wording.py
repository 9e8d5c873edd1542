"""Timelines in words, the same in every export and on the pages."""

from inference.timeline.unimodal import unimodal_predictions
from inference.types import Modality, Segment

MODALITIES = {
    Modality.FACE: "face",
    Modality.VOICE: "voice",
    Modality.EEG: "EEG",
    Modality.AUDIO_VIDEO: "audio and video",
}


def unimodal_text(segment: Segment, *, with_eeg: bool) -> str:
    """Return the unimodal predictions, such as `face: sad 61 %, voice: happy 80 %`; empty where there are none."""
    return ", ".join(
        f"{MODALITIES[modality]}: {prediction.label} {100 * prediction.probability:.0f} %"
        for modality, prediction in unimodal_predictions(segment, with_eeg=with_eeg)
    )


def evidence_text(segment: Segment, *, with_eeg: bool) -> str:
    """Return the share of face and voice in words that do not read as predictions; EEG only `with_eeg`."""
    evidence = segment.evidence
    parts = [f"face seen {100 * evidence.face:.0f} %", f"voice heard {100 * evidence.voice:.0f} %"]
    if with_eeg:
        parts.append("EEG present" if evidence.eeg else "no EEG")
    return ", ".join(parts)
