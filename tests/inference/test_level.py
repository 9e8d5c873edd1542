"""How near the microphone stood makes no difference to what is read."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from inference import speech, store
from inference.media.decode import decode_audio as sound_of
from inference.media.probe import probe_video
from inference.model_spec import SpeechInput
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.types import Inputs

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.extended
def test_a_recording_reads_the_same_at_another_level(tmp_path: Path) -> None:
    sound, rate = soundfile.read(SAMPLES / "interview.wav", dtype="float32")
    reader = AudioVisualPredictor.load(store.get(store.DEFAULT_AUDIO_VIDEO))
    video = SAMPLES / "interview.mp4"
    media = probe_video(video)
    track = reader.track_faces(Inputs(video), media, lambda share: None)
    read = []
    for number, factor in enumerate((1.0, 0.25)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, factor * sound, rate, subtype="FLOAT")
        windows = reader.predict(Inputs(video, path), media, track, [0, 15, 30])
        read.append(np.array([window.logits for window in windows]))
    np.testing.assert_allclose(read[0], read[1], atol=0.2)


@pytest.mark.parametrize("size", [100, 576, 1024, 22050, 10**6])
def test_the_level_of_a_voice_does_not_depend_on_the_pieces_that_it_comes_in(size: int) -> None:
    sound, rate = soundfile.read(SAMPLES / "interview.wav", dtype="float32")
    whole = speech.voice_level([sound], rate)
    pieces = (sound[first : first + size] for first in range(0, len(sound), size))
    assert speech.voice_level(pieces, rate) == pytest.approx(whole, abs=0.01)


def test_the_sound_of_a_video_is_brought_to_the_level_of_the_fit() -> None:
    video = SAMPLES / "interview.mp4"
    reader = AudioVisualPredictor.load(store.get("intermediate-attention-8@1"))
    media = probe_video(video)
    track = reader.track_faces(Inputs(video), media, lambda share: None)
    rate, heard = reader.speech.sample_rate, []
    mfcc = speech.mfcc

    def noted(sound: np.ndarray, spec: SpeechInput) -> np.ndarray:
        heard.append(sound)
        return mfcc(sound, spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech, "mfcc", noted)
        list(reader.predict(Inputs(video), media, track, reader.window_starts(len(track.detected))))
    before = speech.voice_level(sound_of(video, rate), rate)
    assert before is not None and before > -25
    assert speech.voice_level([np.concatenate(heard[::5])], rate) == pytest.approx(reader.speech.level_db, abs=1.5)
