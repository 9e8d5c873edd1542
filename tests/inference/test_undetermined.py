"""Why nothing is determined: nobody there, too little of them, or face and voice that contradict each other."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from inference.export import WRITERS, decode_timeline
from inference.model_spec import AudioVisualSpec, parse_spec
from inference.timeline.evidence import EvidenceRule
from inference.timeline.segmentation import segment_windows
from inference.types import UNDETERMINED, Reason, Segment, Source, Window
from inference.wording import evidence_text
from tests.inference.test_export_table import rows
from tests.inference.timelines import ABOUT, timeline
from tests.model_specs import spec_data

LABELS = ("neutral", "happy", "angry")
HAPPY, ANGRY, NEUTRAL = (0.1, 0.8, 0.1), (0.1, 0.1, 0.8), (0.8, 0.1, 0.1)
TORN = (0.1, 0.45, 0.45)
RULE = EvidenceRule(contradiction=0.7)
SECONDS, HOP, DURATION_S = 3.6, 0.72, 20.16


def windows(
    face: float,
    voice: float,
    fused: Sequence[float] = TORN,
    *,
    face_alone: Sequence[float] = HAPPY,
    voice_alone: Sequence[float] = ANGRY,
) -> list[Window]:
    """The windows of a recording that is the same throughout."""
    starts = [number * HOP for number in range(int((DURATION_S - SECONDS) / HOP) + 1)]
    given = {
        name: tuple(one) for name, one, share in (("face", face_alone, face), ("voice", voice_alone, voice)) if share
    }
    return [
        Window(start, start + SECONDS, Source.AUDIO_VIDEO, tuple(fused), tuple(fused), face, voice, given)
        for start in starts
    ]


def the_segment(read: list[Window], rule: EvidenceRule = RULE) -> Segment:
    (only,) = segment_windows(read, LABELS, DURATION_S, HOP, rule)
    return only


@pytest.mark.parametrize(
    ("face", "voice", "reason", "words"),
    [
        (0.0, 0.0, Reason.NO_FACE_NO_VOICE, "Neither face nor voice"),
        (0.0, 0.004, Reason.NO_FACE_NO_VOICE, "Neither face nor voice"),
        (0.07, 0.0, Reason.TOO_LITTLE, "Too little to go by: face seen 7 %, voice heard 0 %"),
        (0.0, 0.03, Reason.TOO_LITTLE, "Too little to go by: face seen 0 %, voice heard 3 %"),
    ],
)
def test_too_little_evidence_is_named(face: float, voice: float, reason: Reason, words: str) -> None:
    segment = the_segment(windows(face, voice, HAPPY))
    assert (segment.label, segment.reason, segment.confidence, segment.unimodal) == (UNDETERMINED, reason, 0.0, {})
    assert evidence_text(segment, with_eeg=False) == words


def test_a_model_may_need_more() -> None:
    """A detector that hears a voice in 10 % of some music is not believed."""
    heard = windows(0.0, 0.1, HAPPY)
    assert the_segment(heard).reason is None
    assert the_segment(heard, EvidenceRule(min_voice=0.2)).reason is Reason.TOO_LITTLE


def test_face_and_voice_that_contradict_with_equal_weight_are_undetermined() -> None:
    segment = the_segment(windows(1.0, 1.0))
    assert (segment.label, segment.reason) == (UNDETERMINED, Reason.CONTRADICTION)
    assert segment.probabilities == dict.fromkeys(LABELS, 0.0)
    assert segment.unimodal is not None and segment.unimodal["face"]["happy"] == pytest.approx(0.8)
    assert "contradict" in evidence_text(segment, with_eeg=False)


@pytest.mark.parametrize(
    "read",
    [
        windows(1.0, 1.0, HAPPY),  # the face prevails
        windows(1.0, 1.0, voice_alone=NEUTRAL),  # not opposite
        windows(1.0, 1.0, voice_alone=(0.2, 0.15, 0.65)),  # not sure
        windows(1.0, 0.0),  # nothing to contradict the face
    ],
)
def test_otherwise_the_fused_prediction_stands(read: list[Window]) -> None:
    assert the_segment(read).label != UNDETERMINED


def test_without_the_rule_nothing_contradicts() -> None:
    assert the_segment(windows(1.0, 1.0), EvidenceRule()).label == "happy"


def test_each_part_of_a_recording_has_its_own_reason() -> None:
    """Nobody in the first half, in the second somebody who contradicts themself: one stretch without a label."""
    read = [one if one.start_s >= 12 else replace(one, face=0.0, voice=0.0, unimodal={}) for one in windows(1.0, 1.0)]
    assert [one.reason for one in segment_windows(read, LABELS, DURATION_S, HOP, RULE)] == [Reason.NO_FACE_NO_VOICE]
    known = [one if one.start_s >= 8 else replace(one, probabilities=HAPPY) for one in windows(1.0, 1.0)]
    cut = segment_windows(known, LABELS, DURATION_S, HOP, RULE)
    assert [(one.label, one.reason) for one in cut] == [("happy", None), (UNDETERMINED, Reason.CONTRADICTION)]


def test_the_reason_is_in_result_json_and_in_the_table() -> None:
    first, unknown, *rest = timeline().segments
    with_reason = replace(timeline(), segments=(first, replace(unknown, reason=Reason.TOO_LITTLE), *rest))
    result = json.loads(WRITERS["json"].write(with_reason, ABOUT))
    assert [segment.get("reason") for segment in result["segments"]] == [None, "too_little", None, None]
    assert decode_timeline(result) == with_reason
    assert [row["reason"] for row in rows(WRITERS["csv"].write(with_reason, ABOUT))] == ["", "too_little", "", ""]
    assert b"Too little to go by" in WRITERS["html"].write(with_reason, ABOUT)


def test_a_specification_may_have_a_rule_and_otherwise_has_the_published_one() -> None:
    published, own = (
        parse_spec(spec_data("audio-video", **more))
        for more in ({}, {"support": {"evidence": {"min_voice": 0.2, "contradiction": 0.7}}})
    )
    assert isinstance(published, AudioVisualSpec) and published.support.evidence == EvidenceRule()
    assert isinstance(own, AudioVisualSpec) and own.support.evidence == EvidenceRule(0.1, 0.2, 0.7)
