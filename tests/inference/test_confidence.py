"""How sure a reading is depends on what there was to read: face, voice, or both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.special import softmax

from inference import store
from inference.media.probe import probe_video
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.predictors.face_track import FaceTrack
from inference.types import Inputs, MediaInfo

pytestmark = pytest.mark.slow

VIDEO = Path(__file__).resolve().parents[2] / "samples" / "interview.mp4"


@pytest.fixture(scope="module")
def media() -> MediaInfo:
    return probe_video(VIDEO)


@pytest.fixture(scope="module")
def reader() -> AudioVisualPredictor:
    return AudioVisualPredictor.load(store.get(store.DEFAULT_AUDIO_VIDEO))


@pytest.fixture(scope="module")
def track(reader: AudioVisualPredictor, media: MediaInfo) -> FaceTrack:
    return reader.track_faces(Inputs(VIDEO), media, lambda share: None)


@pytest.mark.parametrize(
    ("face", "voice", "divisor"), [(True, True, 2.0), (True, False, 3.0), (False, True, 4.0), (False, False, 2.0)]
)
def test_what_is_read_from_one_alone_has_a_temperature_of_its_own(
    reader: AudioVisualPredictor,
    media: MediaInfo,
    track: FaceTrack,
    tmp_path: Path,
    face: bool,
    voice: bool,
    divisor: float,
) -> None:
    reader.temperature, reader.unimodal_temperatures = 2.0, {"face": 3.0, "voice": 4.0}
    assert track.detected[:15].any()
    track = track if face else replace(track, detected=np.zeros_like(track.detected))
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(22050 * 20, np.float32), 22050)
    (window,) = reader.predict(Inputs(VIDEO, None if voice else silence), media, track, [0])
    assert (window.face > 0, window.voice > 0.05) == (face, voice)
    np.testing.assert_allclose(window.probabilities, softmax(np.array(window.logits) / divisor), rtol=1e-4)


def test_a_model_with_one_temperature_has_it_for_all(reader: AudioVisualPredictor) -> None:
    reader.temperature, reader.unimodal_temperatures = 2.0, {}
    assert {reader.temperature_for(face=face, voice=voice) for face in (True, False) for voice in (True, False)} == {
        2.0
    }


def test_face_and_voice_are_each_read_alone_as_where_the_other_is_missing(
    reader: AudioVisualPredictor, media: MediaInfo, track: FaceTrack, tmp_path: Path
) -> None:
    reader.temperature, reader.unimodal_temperatures = 2.0, {"face": 3.0, "voice": 4.0}
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(22050 * 20, np.float32), 22050)
    unseen = replace(track, detected=np.zeros_like(track.detected))
    starts = reader.window_starts(len(track.detected))[:4]

    both = list(reader.predict(Inputs(VIDEO), media, track, starts))
    face = list(reader.predict(Inputs(VIDEO, silence), media, track, starts))
    voice = list(reader.predict(Inputs(VIDEO), media, unseen, starts))
    neither = list(reader.predict(Inputs(VIDEO, silence), media, unseen, starts))

    for together, seen, heard, nothing in zip(both, face, voice, neither, strict=True):
        assert together.unimodal is not None and set(together.unimodal) == {"face", "voice"}
        np.testing.assert_allclose(together.unimodal["face"], seen.probabilities, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(together.unimodal["voice"], heard.probabilities, rtol=1e-3, atol=1e-6)
        assert seen.unimodal is not None and set(seen.unimodal) == {"face"}
        assert heard.unimodal is not None and set(heard.unimodal) == {"voice"}
        assert nothing.unimodal == {}
