"""Timelines as an analysis gives them, for tests of what is made of them."""

from dataclasses import replace

from inference.export import RecordingInfo
from inference.types import (
    UNDETERMINED,
    Evidence,
    MediaInfo,
    Mode,
    ModelUsed,
    Segment,
    Source,
    Timeline,
    Window,
)

LABELS = ("neutral", "happy", "sad")
TITLE = """=1+1 <b>"A" & 'B'</b> --> 😀\r\n\x00\x1b\ud800 WEBVTT"""
ABOUT = RecordingInfo(TITLE)


def timeline() -> Timeline:
    """Four segments over 3661.5 s, one of them undetermined, and one window."""
    probabilities = (0.125, 0.75, 0.125)
    cuts = [(0.0, 1.001, "happy"), (1.001, 15.12, UNDETERMINED), (15.12, 3600.007, "happy"), (3600.007, 3661.5, "sad")]
    return Timeline(
        mode=Mode.AUDIO_VIDEO,
        media=MediaInfo(3661.5, 1280, 720, 29.97, True, True, "ab" * 32),
        models=(ModelUsed("a-model", "1", "cd" * 32, LABELS),),
        labels=LABELS,
        windows=(Window(0.0, 3.6, Source.AUDIO_VIDEO, (-1.5, 2.25, 0.0), probabilities, 1.0, 0.5),),
        segments=tuple(_segment(*cut) for cut in cuts),
        notice="An estimate. Not what a person <feels> & is.",
    )


def fused() -> Timeline:
    """A fused trial, one whose face was not seen, a fused one without face and voice, and 10 s without EEG."""
    happy, sad, mixed = (
        dict(zip(LABELS, shares, strict=True)) for shares in ((0.1, 0.8, 0.1), (0.1, 0.2, 0.7), (0.25, 0.25, 0.5))
    )
    segments = (
        Segment(
            *(0.0, 20.0, "sad", 0.7, sad, Evidence(0.69, 0.71, 1.0)),
            {"face": mixed, "voice": happy, "eeg": sad, "audio-video": happy},
        ),
        Segment(
            *(20.0, 40.0, "sad", 0.7, sad, Evidence(0.0, 0.71, 1.0)),
            {"voice": mixed, "eeg": sad, "audio-video": mixed},
        ),
        Segment(40.0, 60.0, "sad", 0.7, sad, Evidence(0.0, 0.0, 1.0), {"eeg": sad}),
        Segment(60.0, 70.0, "happy", 0.8, happy, Evidence(1.0, 0.0, 0.0), {"face": happy}),
        Segment(70.0, 80.0, UNDETERMINED, 0.0, dict.fromkeys(LABELS, 0.0), Evidence(0.0, 0.0, 0.0), {}),
    )
    window = Window(*(0.0, 3.6, Source.AUDIO_VIDEO, (0.0,) * 3, (0.1, 0.8, 0.1), 1.0, 0.5), {"face": (0.25, 0.25, 0.5)})
    alone = replace(timeline(), mode=Mode.AUDIO_VIDEO_EEG, windows=(window,), segments=segments)
    return replace(alone, media=replace(alone.media, duration_s=80.0))


def _segment(start_s: float, end_s: float, label: str) -> Segment:
    if label == UNDETERMINED:
        return Segment(start_s, end_s, label, 0.0, dict.fromkeys(LABELS, 0.0), Evidence(0.0, 0.0, 0.0))
    shares = {one: 0.75 if one == label else 0.125 for one in LABELS}
    return Segment(start_s, end_s, label, 0.75, shares, Evidence(1.0, 0.5, 0.0))
