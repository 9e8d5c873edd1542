"""EAF: tiers of labels and confidences for ELAN, linked to the labelled video beside the file."""

from pympi import Elan

from inference.export.writer import RecordingInfo, Writer, milliseconds, one_line
from inference.timeline.unimodal_predictions import unimodal_prediction
from inference.types import UNDETERMINED, Corrections, Modality, Timeline
from inference.wording import audio_visual_text

VIDEO = "annotated.mp4"


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Return the tiers of an ELAN document."""
    document = Elan.Eaf(author="Emotrace")
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.remove_tier("default")
    document.add_linked_file(VIDEO, relpath=f"./{VIDEO}", mimetype="video/mp4")
    document.add_property("title", one_line(recording.title))
    document.add_property("notice", one_line(timeline.notice))
    # Two aligned tiers: a confidence tier that refers to the first one takes pympi quadratic time.
    for tier in ("emotion", "confidence"):
        document.add_tier(tier)
    for segment in timeline.segments:
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        document.add_annotation("emotion", start, end, segment.label)
        document.add_annotation("confidence", start, end, f"{segment.confidence:.2f}")
    if headline := audio_visual_text(timeline):
        document.add_property("audio-video", headline)
        _add_audio_video(document, timeline)
    if timeline.corrections:
        _correct(document, timeline.corrections)
    data: bytes = Elan.to_string(document, encoding="UTF-8")
    return data


def _add_audio_video(document: Elan.Eaf, timeline: Timeline) -> None:
    """Add a tier with the prediction of audio and video alone."""
    document.add_tier("audio-video")
    for segment in timeline.segments:
        prediction = unimodal_prediction(segment, Modality.AUDIO_VIDEO)
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        document.add_annotation("audio-video", start, end, prediction.label if prediction else UNDETERMINED)


def _correct(document: Elan.Eaf, corrections: Corrections) -> None:
    document.add_tier("corrected", ann=one_line(corrections.by))
    document.add_tier("note", ann=one_line(corrections.by))
    for segment in corrections.segments:
        start, end = milliseconds(segment.start_s), milliseconds(segment.end_s)
        document.add_annotation("corrected", start, end, segment.label)
        if segment.note:
            document.add_annotation("note", start, end, one_line(segment.note))


WRITER = Writer("eaf", "application/xml", write)
