"""TextGrid: tiers of labels and confidences for Praat."""

import tempfile
from pathlib import Path

from pympi.Praat import TextGrid

from inference.export.writer import RecordingInfo, Writer, one_line
from inference.timeline.unimodal_predictions import unimodal_prediction
from inference.types import UNDETERMINED, Modality, Timeline
from inference.wording import audio_visual_text


def write(timeline: Timeline, _: RecordingInfo) -> bytes:
    """Return the tiers of a Praat document."""
    end_s = max((segment.end_s for segment in timeline.segments), default=timeline.media.duration_s)
    grid = TextGrid(xmax=end_s)
    emotion, confidence = grid.add_tier("emotion"), grid.add_tier("confidence")
    for segment in timeline.segments:
        # Segments tile: checking each against all others for overlap would only take time.
        emotion.add_interval(segment.start_s, segment.end_s, segment.label, check=False)
        confidence.add_interval(segment.start_s, segment.end_s, f"{segment.confidence:.2f}", check=False)
    if audio_visual_text(timeline):
        audio_video = grid.add_tier("audio-video")
        for segment in timeline.segments:
            prediction = unimodal_prediction(segment, Modality.AUDIO_VIDEO)
            label = prediction.label if prediction else UNDETERMINED
            audio_video.add_interval(segment.start_s, segment.end_s, label, check=False)
    if timeline.corrections:
        corrected, note = grid.add_tier("corrected"), grid.add_tier("note")
        for own in timeline.corrections.segments:
            corrected.add_interval(own.start_s, own.end_s, own.label, check=False)
            note.add_interval(own.start_s, own.end_s, one_line(own.note), check=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "timeline")
        grid.to_file(path)
        return path.read_bytes()


WRITER = Writer("TextGrid", "text/plain; charset=utf-8", write)
