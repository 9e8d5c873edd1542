"""A worker that is killed in mid-analysis loses nothing: another one ends it, once."""

import os
import signal
from itertools import pairwise

import pytest

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.rest import Person

SHORT_LEASE = {"EMOTRACE_LEASE_SECONDS": "8", "EMOTRACE_HEARTBEAT_SECONDS": "1"}


@pytest.mark.parametrize("stage", ["sample", "render"])
def test_a_killed_worker_still_ends_in_one_correct_result(process: Start, person: Person, stage: str) -> None:
    process("reaper", **SHORT_LEASE)
    victim = process("worker", **SHORT_LEASE)
    analysis = person.send(video="interview.mp4")
    assert eventually(lambda: person.state(analysis)["stage"] == stage)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert person.state(analysis)["status"] == "running"

    process("worker", **SHORT_LEASE)
    state = person.wait_for(analysis, "succeeded", "failed")
    assert state["status"] == "succeeded", state
    assert state["attempt"] == 2

    result = person.get(f"analyses/{analysis}/export/json/").json()
    segments = person.all(f"analyses/{analysis}/segments/")
    assert len(segments) == len(result["segments"])
    assert segments[0]["start_s"] == 0
    assert all(one["end_s"] == other["start_s"] for one, other in pairwise(segments))
    assert len(person.all(f"analyses/{analysis}/windows/")) == len(result["windows"])
    for video in ("video", "chapters"):
        assert person.get(f"analyses/{analysis}/{video}/").content[4:8] == b"ftyp"
