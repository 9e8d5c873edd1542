"""What spans are told of the whole sound."""

import numpy as np
import pytest

from inference.recording_norm import FeatureNorm
from inference.sound_survey import SoundSurvey
from inference.voice_activity import VoiceActivity

VOICE = VoiceActivity(np.array([True, False, True]), -20.5)


@pytest.mark.parametrize("norm", [None, FeatureNorm((1.5, 2.0), (0.1 + 0.2, -3.0))])
def test_a_survey_is_read_as_it_was_made(norm: FeatureNorm | None) -> None:
    read = SoundSurvey.decode(SoundSurvey(None, VOICE, norm).encode())
    assert read.mix is None and read.norm == norm
    assert read.voice.voiced.tolist() == [True, False, True] and read.voice.level_db == -20.5


def test_without_a_norm_earlier_releases_read_it() -> None:
    assert SoundSurvey(None, VOICE).encode()[0] == 0x92, "an array of two"


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x92\xc0\xc0"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SoundSurvey.decode(data)
