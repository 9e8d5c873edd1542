"""How far confidence is trusted: a small face and a voice unlike those of training cost some of it."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from scipy.special import softmax

from inference import store
from inference.confidence import novelty, support_temperature
from inference.export import WRITERS
from inference.media.probe import probe_video
from inference.model_spec import SmallFace, SupportInput, VoiceReference
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.timeline.novelty import with_voice_novelty
from inference.types import Inputs, Source, Window
from inference.wording import novelty_text
from tests.inference.test_export_table import rows
from tests.inference.timelines import ABOUT, timeline

VIDEO = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"
SMALL = SmallFace(small_px=20, large_px=60, temperature=4.0)
REFERENCE = VoiceReference(mean=(0.0, 1.0), deviation=(1.0, 2.0), limits=(1.0, 3.0), temperature=9.0)
SUPPORT = SupportInput(small_face=SMALL, voice=REFERENCE)


@pytest.mark.parametrize(("size", "factor"), [(10, 4.0), (20, 4.0), (40, 2.0), (60, 1.0), (200, 1.0), (None, 1.0)])
def test_a_small_face_costs_confidence(size: float | None, factor: float) -> None:
    assert support_temperature(SUPPORT, size, None) == pytest.approx(factor)


def test_a_novel_voice_costs_confidence_beside_it() -> None:
    assert support_temperature(SUPPORT, 40, 0.5) == pytest.approx(2 * 3)
    assert support_temperature(SUPPORT, None, 0.0) == 1.0
    assert support_temperature(SupportInput(), 10, 1.0) == 1.0


def test_novelty_grows_with_the_distance_from_the_training_voices() -> None:
    """Distances are root mean squares of deviations: 0, 1, 2, 3 and 5 here."""
    features = torch.tensor([[float(each), 1 + 2.0 * each] for each in (0, 1, 2, 3, -5)])
    assert novelty(REFERENCE, features) == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])


def window(start_s: float, voice_novelty: float | None) -> Window:
    return Window(start_s, start_s + 2, Source.AUDIO_VIDEO, (0.0,), (1.0,), 1.0, 1.0, voice_novelty=voice_novelty)


def test_a_segment_has_the_mean_of_its_windows_or_that_of_the_nearest() -> None:
    windows = [window(0.0, 0.2), window(1.0, 0.4), window(2.0, None), window(3.0, 1.0)]
    cuts = ((0.0, 2.5), (2.5, 3.5), (3.5, 5.0), (4.6, 4.9))
    segments = [replace(timeline().segments[0], start_s=start, end_s=end) for start, end in cuts]
    found = [segment.voice_novelty for segment in with_voice_novelty(segments, windows)]
    assert found == pytest.approx([0.3, None, 1.0, 1.0])
    assert with_voice_novelty(segments, [window(0.0, None)]) == tuple(segments)


@pytest.mark.parametrize(("grade", "words"), [(None, ""), (0.05, ""), (0.2, "somewhat"), (0.7, "quite")])
def test_the_warning_is_graded(grade: float | None, words: str) -> None:
    segment = replace(timeline().segments[0], voice_novelty=grade)
    assert (words in novelty_text(segment)) and bool(words) == bool(novelty_text(segment))
    known = replace(timeline(), segments=(segment,))
    assert [row["voice_novelty"] for row in rows(WRITERS["csv"].write(known, ABOUT))] == [
        f"{grade:.4f}" if grade else ""
    ]
    assert (b"unlike what the model was fitted on" in WRITERS["html"].write(known, ABOUT)) == bool(words)


def test_support_is_read_from_a_specification() -> None:
    assert msgspec.convert(msgspec.to_builtins(SUPPORT), SupportInput) == SUPPORT
    assert msgspec.to_builtins(SupportInput()) == {}


@pytest.mark.extended
def test_a_recording_is_read_with_its_support() -> None:
    """Logits stay; confidence falls by the factor of the window's face and voice, also of each alone."""
    predictor = AudioVisualPredictor.load(store.get("intermediate-attention-8@1"))
    media = probe_video(VIDEO)
    track = predictor.track_faces(Inputs(VIDEO), media, lambda share: None)
    (plain,) = predictor.predict(Inputs(VIDEO), media, track, [0])
    width = len(REFERENCE.mean) * 64
    distant = VoiceReference((100.0,) * width, (1.0,) * width, (1.0, 2.0), 9.0)
    predictor.support = SupportInput(small_face=SmallFace(1000.0, 2000.0, 4.0), voice=distant)
    (capped,) = predictor.predict(Inputs(VIDEO), media, track, [0])

    assert (plain.voice_novelty, capped.voice_novelty) == (None, 1.0)
    assert capped.logits == plain.logits
    expected = softmax(np.array(plain.logits) / predictor.temperature / 36)
    np.testing.assert_allclose(capped.probabilities, expected, rtol=1e-4)
    assert plain.unimodal is not None and capped.unimodal is not None
    for modality in ("face", "voice"):
        assert max(capped.unimodal[modality]) < max(plain.unimodal[modality])
