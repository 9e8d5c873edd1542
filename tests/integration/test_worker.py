"""A recording goes in through REST, a real worker process reads it, and everything comes out."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.conftest import Start
from tests.integration.rest import Person


@pytest.mark.parametrize(
    ("mode", "files"),
    [
        pytest.param("audio-video", {"video": "interview.mp4"}, marks=pytest.mark.extended),
        ("audio-video-eeg", {"video": "interview.mp4", "audio": "interview.wav", "eeg": "interview_eeg.mat"}),
    ],
)
def test_a_recording_becomes_a_timeline_and_a_labelled_video(
    process: Start, person: Person, tmp_path: Path, mode: str, files: dict[str, str]
) -> None:
    process("worker")
    analysis = person.send(**files)
    state = person.wait_for(analysis, "succeeded", "failed")
    assert state["status"] == "succeeded", state

    result = person.get(f"analyses/{analysis}/export/json/").json()
    assert result["schema"] == "emotrace.result/1"
    assert result["mode"] == mode
    segments = person.all(f"analyses/{analysis}/segments/")
    assert segments[0]["start_s"] == 0
    assert segments[-1]["end_s"] == pytest.approx(result["media"]["duration_s"], abs=0.001)
    assert all(one["end_s"] == other["start_s"] for one, other in pairwise(segments))

    labelled = tmp_path / "annotated.mp4"
    labelled.write_bytes(person.get(f"analyses/{analysis}/video/").content)
    with av.open(str(labelled)) as video:
        assert video.streams.video and video.streams.audio
        assert video.duration is not None
        assert video.duration / av.time_base == pytest.approx(result["media"]["duration_s"], abs=0.1)
