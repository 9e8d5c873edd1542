"""Timelines in words, the same in every export and on the pages."""

from typing import Any

from inference.timeline.dimensions import predict_dimensions
from inference.timeline.novelty import NOTICEABLE, STRONG
from inference.timeline.summary import summary
from inference.timeline.unimodal_predictions import unimodal_predictions
from inference.types import UNDETERMINED, Modality, Mode, Reason, Segment, Timeline

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


def dimensions_text(segment: Segment) -> str:
    """Return valence and arousal, such as `negative valence 83 %, high arousal 71 %`; empty where undetermined."""
    return ", ".join(
        f"{prediction.label} {name} {percent(prediction.confidence)}"
        for name, prediction in predict_dimensions(segment.probabilities).items()
        if prediction.confidence
    )


def evidence_text(segment: Segment, *, with_eeg: bool) -> str:
    """Return the share of face and voice in words that do not read as predictions; EEG only `with_eeg`.

    Where nothing was determined, it is the reason.
    """
    if segment.label == UNDETERMINED:
        return reason_text(segment)
    return _shares_text(segment, with_eeg=with_eeg)


def reason_text(segment: Segment) -> str:
    """Return why a segment is undetermined, as a sentence without its full stop."""
    if segment.reason is Reason.TOO_LITTLE:
        return f"Too little to go by: {_shares_text(segment, with_eeg=False)}"
    if segment.reason is Reason.CONTRADICTION:
        return "Face and voice contradict each other, and neither outweighs the other"
    return "Neither face nor voice"


def novelty_text(segment: Segment) -> str:
    """Return a graded warning where the voice is unlike those that the model was fitted on; else empty."""
    if segment.voice_novelty is None or segment.voice_novelty < NOTICEABLE:
        return ""
    degree = "quite" if segment.voice_novelty >= STRONG else "somewhat"
    return f"The sound is {degree} unlike what the model was fitted on"


def _shares_text(segment: Segment, *, with_eeg: bool) -> str:
    evidence = segment.evidence
    parts = [f"face seen {100 * evidence.face:.0f} %", f"voice heard {100 * evidence.voice:.0f} %"]
    if with_eeg:
        parts.append("EEG present" if evidence.eeg else "no EEG")
    return ", ".join(parts)


def caption(segment: Segment) -> str:
    """Return the label and its confidence, such as `Happy 83 %`."""
    if segment.label == UNDETERMINED:
        return segment.label.capitalize()
    return f"{segment.label.capitalize()} {percent(segment.confidence)}"


def summary_text(total: dict[str, Any]) -> str:
    """Return a summary, such as `happy, 61 % of the time, mean probability 48 %`."""
    label, mean = total["label"], total["mean_probability"]
    probability = f", mean probability {percent(mean[label])}" if label in mean else ""
    return f"{label}, {percent(total['share'][label])} of the time{probability}"


def audio_visual_text(timeline: Timeline) -> str:
    """Return the summary of audio and video alone; empty where no EEG was fused or it was not recorded."""
    if timeline.mode is not Mode.AUDIO_VIDEO_EEG:
        return ""
    total = summary(timeline).get("audio_video")
    return f"Audio and video alone: {summary_text(total)}" if total else ""


def percent(share: float, decimals: int = 0) -> str:
    """Return a share 0..1 in percent: `83 %`."""
    return f"{100 * share:.{decimals}f} %"


def clock(seconds: float) -> str:
    """Return a moment of a recording: 0:03.6, 12:40.0, 1:02:03.0."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest}" if minutes >= 60 else f"{minutes}:{rest}"


def number(value: float) -> str:
    """Return a length for an SVG attribute, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
