"""The sample recording can be made again."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from samples.make import FPS, SIZE, frame, write_video
from tests.inference.clips import made, tone


@pytest.mark.slow
def test_it_is_written_as_a_video_with_its_sound(tmp_path: Path) -> None:
    write_video(tmp_path / "sample.mp4", made(tmp_path / "sound.wav", *tone(1)), seconds=1)
    with av.open(str(tmp_path / "sample.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec.name, picture.pix_fmt, sound.codec_context.name) == ("h264", "yuv420p", "aac")
        assert (picture.width, picture.height, picture.average_rate) == (*SIZE, Fraction(FPS))
        assert sound.duration is not None and sound.time_base is not None
        assert float(sound.duration * sound.time_base) == pytest.approx(1, abs=0.1)
        shown = [each.to_ndarray(format="rgb24") for each in container.decode(picture)]
    assert len(shown) == FPS
    for number in (0, FPS - 1):
        assert np.abs(shown[number].astype(float) - frame(number / FPS)).mean() < 8
