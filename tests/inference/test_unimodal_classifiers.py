"""Windows with a face or a voice alone, which a model may classify by networks of their own."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from inference import store
from inference.media.probe import probe_video
from inference.model_spec import AudioVisualSpec, parse_spec
from inference.models.audio_visual import AudioVisualNetwork, build_audio_visual
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.predictors.face_track import FaceTrack
from inference.types import Faces, Inputs, MediaInfo
from tests.inference.test_speech_encoder import architecture, built, encoder_spec
from training.publishing.weights import write

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"


@pytest.fixture
def network() -> AudioVisualNetwork:
    return built("intermediate-attention", unimodal_classifiers=True)


@pytest.fixture
def window(network: AudioVisualNetwork) -> tuple[Tensor, Tensor]:
    """Hidden states and face features of three windows."""
    generator = torch.Generator().manual_seed(1)
    faces = network.video.backbone.features
    return torch.randn(3, 180, 2 * 384, generator=generator), torch.rand(3, 15, faces, generator=generator)


@torch.inference_mode()
def test_each_modality_has_a_classifier_that_ignores_what_stands_in_for_the_other(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor]
) -> None:
    hidden, faces = window
    assert network.voice_classifier is not None
    voice = network.classify_voice(hidden, faces[0, :1])
    assert torch.equal(voice, network.classify_voice(hidden, faces[1, :1]))
    assert torch.equal(voice, network.voice_classifier(hidden))
    face = network.classify_face(faces, torch.zeros_like(hidden[:1]))
    assert torch.equal(face, network.classify_face(faces, hidden[:1]))
    assert not torch.allclose(face, network.classify_face(faces.mean(1, keepdim=True).expand_as(faces), hidden[:1]))
    assert voice.shape == face.shape == (3, 2)


@torch.inference_mode()
def test_without_classifiers_a_window_with_one_modality_is_one_of_both_with_a_stand_in(
    window: tuple[Tensor, Tensor],
) -> None:
    network = built("intermediate-attention")
    hidden, faces = window
    no_face, silence = faces[0, :1], torch.zeros_like(hidden[:1])
    torch.testing.assert_close(network.classify_voice(hidden, no_face), network.fuse(hidden, no_face.expand_as(faces)))
    torch.testing.assert_close(network.classify_face(faces, silence), network.fuse(torch.zeros_like(hidden), faces))


def test_they_need_a_speech_encoder() -> None:
    with pytest.raises(ValueError, match="speech encoder"):
        build_audio_visual(classes=2, fusion="intermediate-attention", heads=1, unimodal_classifiers=True)


@pytest.fixture
def predictor(network: AudioVisualNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AudioVisualPredictor:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    spec = parse_spec(
        encoder_spec(architecture=architecture("intermediate-attention") | {"unimodal_classifiers": True})
    )
    assert isinstance(spec, AudioVisualSpec)
    write(tmp_path / spec.name / spec.version, network, spec, {}, "")
    return AudioVisualPredictor.load(store.get(spec.name))


@pytest.mark.slow
def test_a_window_is_predicted_by_the_classifier_of_what_is_there(
    predictor: AudioVisualPredictor, tmp_path: Path
) -> None:
    media = probe_video(SAMPLE)
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(22050 * 20, np.float32), 22050)
    seen, unseen = track(predictor, media, detected=True), track(predictor, media, detected=False)

    (both,) = predictor.predict(Inputs(SAMPLE), media, seen, [0])
    (face,) = predictor.predict(Inputs(SAMPLE, silence), media, seen, [0])
    (voice,) = predictor.predict(Inputs(SAMPLE), media, unseen, [0])

    classified = predictor.network.classify_face(seen.features[:15].unsqueeze(0), torch.zeros(1, 180, 768))
    np.testing.assert_allclose(face.logits, classified[0].detach(), rtol=1e-4, atol=1e-5)
    (spoken,) = predictor._listen(Inputs(SAMPLE), media, [0], None)
    classified = predictor.network.classify_voice(torch.from_numpy(spoken.features).unsqueeze(0), torch.zeros(1, 256))
    np.testing.assert_allclose(voice.logits, classified[0].detach(), rtol=1e-4, atol=1e-5)
    assert both.unimodal is not None
    np.testing.assert_allclose(both.unimodal["face"], face.probabilities, rtol=1e-4)
    np.testing.assert_allclose(both.unimodal["voice"], voice.probabilities, rtol=1e-4)
    assert not np.allclose(both.logits, face.logits) and not np.allclose(both.logits, voice.logits)


def track(predictor: AudioVisualPredictor, media: MediaInfo, *, detected: bool) -> FaceTrack:
    samples = len(predictor.sample_times(media.duration_s))
    features = torch.rand(samples, 256, generator=torch.Generator().manual_seed(2))
    return FaceTrack(features, np.full(samples, detected), Faces(predictor.step_s, ()))
