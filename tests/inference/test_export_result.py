"""result.json: the contract with the command line's and REST's readers."""

import json
from dataclasses import replace

import pytest

from inference.export import WRITERS, decode_timeline, encode_timeline
from tests.inference.timelines import ABOUT, fused, timeline


def test_it_has_the_documented_keys() -> None:
    result = json.loads(WRITERS["json"].write(timeline(), ABOUT))

    assert result["schema"] == "emotrace.result/1"
    assert set(result) == {
        *("schema", "mode", "media", "models", "labels", "windows", "segments", "summary", "notice"),
    }
    assert set(result["media"]) == {"duration_s", "width", "height", "fps", "has_video", "has_audio", "sha256"}
    assert set(result["models"][0]) == {"name", "version", "sha256", "labels"}
    assert set(result["windows"][0]) == {
        *("start_s", "end_s", "source", "logits", "probabilities", "face", "voice"),
    }
    assert set(result["segments"][0]) == {
        *("start_s", "end_s", "label", "confidence", "probabilities", "evidence", "valence", "arousal"),
    }
    assert set(result["segments"][0]["evidence"]) == {"face", "voice", "eeg"}
    assert set(result["summary"]) == {"label", "share", "mean_probability", "valence", "arousal"}
    assert result["segments"][0]["probabilities"] == {"neutral": 0.125, "happy": 0.75, "sad": 0.125}


def test_reading_it_back_gives_the_same_timeline() -> None:
    assert decode_timeline(json.loads(WRITERS["json"].write(timeline(), ABOUT))) == timeline()


def test_what_each_modality_says_is_there_and_reads_back() -> None:
    result = json.loads(WRITERS["json"].write(fused(), ABOUT))

    assert result["windows"][0]["unimodal"] == {"face": [0.25, 0.25, 0.5]}
    assert set(result["segments"][0]["unimodal"]) == {"face", "voice", "eeg", "audio-video"}
    assert result["segments"][0]["unimodal"]["voice"] == {"neutral": 0.1, "happy": 0.8, "sad": 0.1}
    assert result["segments"][-1]["unimodal"] == {}
    assert set(result["summary"]["audio_video"]) == {"label", "share", "mean_probability"}
    assert decode_timeline(result) == fused()


def test_times_have_three_decimals() -> None:
    wanted = timeline()
    odd = replace(wanted, windows=(replace(wanted.windows[0], start_s=0.72 * 7, end_s=1 / 3),))

    (window,) = encode_timeline(odd)["windows"]

    assert (window["start_s"], window["end_s"]) == (5.04, 0.333)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_never_written(wrong: float) -> None:
    whole = timeline()
    broken = replace(whole, windows=(replace(whole.windows[0], logits=(wrong, 0.0, 0.0)),))
    with pytest.raises(ValueError, match="JSON compliant"):
        WRITERS["json"].write(broken, ABOUT)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"emotrace\.result/2"):
        decode_timeline({**encode_timeline(timeline()), "schema": "emotrace.result/2"})
