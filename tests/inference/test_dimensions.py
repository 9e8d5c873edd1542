"""Valence and arousal: sums of the probabilities of the emotions."""

import json
from dataclasses import replace

import pytest

from inference.export import WRITERS, encode_timeline
from inference.timeline.dimensions import DIMENSIONS, VALENCE, predict_dimensions
from inference.timeline.summary import summary
from inference.types import EMOTIONS, UNDETERMINED
from inference.wording import dimensions_text
from tests.inference.timelines import ABOUT, timeline


def test_every_emotion_has_a_level_of_both() -> None:
    for dimension in DIMENSIONS:
        assert set(dimension.level_of) == set(EMOTIONS)
        assert set(dimension.level_of.values()) == set(dimension.levels)


def test_probabilities_are_added_by_level() -> None:
    """The most probable emotion is happy, but what is unpleasant is more probable together."""
    found = predict_dimensions({"happy": 0.4, "sad": 0.25, "angry": 0.3, "surprised": 0.05})

    assert (found["valence"].label, found["arousal"].label) == ("negative", "high")
    assert found["valence"].confidence == pytest.approx(0.55)
    assert found["valence"].probabilities == pytest.approx({"negative": 0.55, "neutral": 0.05, "positive": 0.4})
    assert found["arousal"].probabilities == pytest.approx({"low": 0.25, "high": 0.75})


def test_without_a_prediction_there_is_no_level() -> None:
    nothing = VALENCE.predict(dict.fromkeys(EMOTIONS, 0.0))
    assert (nothing.label, nothing.confidence) == (UNDETERMINED, 0.0)
    assert dimensions_text(timeline().segments[1]) == ""


def test_labels_of_ones_own_without_a_level_leave_both_out() -> None:
    assert predict_dimensions({"happy": 0.5, "bored": 0.5}) == {}
    own = replace(
        timeline(),
        labels=("bored",),
        windows=(),
        segments=(replace(timeline().segments[0], label="bored", probabilities={"bored": 1.0}),),
    )
    result = encode_timeline(own)
    assert not {"valence", "arousal"} & (set(result["summary"]) | set(result["segments"][0]))
    assert b"bored" in WRITERS["csv"].write(own, ABOUT)
    assert b"Valence and arousal" in WRITERS["html"].write(own, ABOUT)


def test_result_json_has_them_of_segments_and_the_whole() -> None:
    result = json.loads(WRITERS["json"].write(timeline(), ABOUT))

    happy, nothing, _, sad = result["segments"]
    levels = {"negative": 0.125, "neutral": 0.125, "positive": 0.75}
    assert happy["valence"] == {"label": "positive", "confidence": 0.75, "probabilities": levels}
    assert happy["arousal"]["probabilities"] == {"low": 0.25, "high": 0.75}
    assert (sad["valence"]["label"], sad["arousal"]["label"]) == ("negative", "low")
    assert (nothing["valence"]["label"], nothing["arousal"]["confidence"]) == (UNDETERMINED, 0.0)
    mean = result["summary"]["mean_probability"]
    assert result["summary"]["valence"]["label"] == "positive"
    assert result["summary"]["valence"]["confidence"] == mean["happy"]
    assert result["summary"]["arousal"]["probabilities"]["low"] == pytest.approx(mean["neutral"] + mean["sad"])


def test_where_nothing_is_determined_the_summary_has_no_level() -> None:
    total = summary(replace(timeline(), segments=timeline().segments[1:2]))
    assert (total["valence"]["label"], total["arousal"]["label"]) == (UNDETERMINED, UNDETERMINED)


def test_the_report_has_them_beside_the_label() -> None:
    page = WRITERS["html"].write(timeline(), ABOUT).decode()
    assert "positive valence 75 %, high arousal 75 %" in page
    assert "Valence: negative" in page
