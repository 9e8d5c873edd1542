"""How near the microphone stood makes no difference to what is read."""

from pathlib import Path

import numpy as np
import soundfile

from inference import store
from inference.audio_video import AudioVideoReader
from inference.media.probe import probe_video
from inference.types import Inputs

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_a_recording_reads_the_same_at_another_level(tmp_path: Path) -> None:
    sound, rate = soundfile.read(SAMPLES / "interview.wav", dtype="float32")
    reader = AudioVideoReader.open(store.find(store.DEFAULT_AUDIO_VIDEO))
    video = SAMPLES / "interview.mp4"
    media = probe_video(video)
    track = reader.track(Inputs(video), media, lambda share: None)
    read = []
    for number, factor in enumerate((1.0, 0.25)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, factor * sound, rate, subtype="FLOAT")
        windows = reader.score(Inputs(video, path), media, track, [0, 15, 30])
        read.append(np.array([window.logits for window in windows]))
    np.testing.assert_allclose(read[0], read[1], atol=0.2)
