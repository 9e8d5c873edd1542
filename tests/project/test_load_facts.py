"""What the load test calls lost: it would be worth nothing if it never did."""

from hashlib import sha256
from typing import Any

from benchmarks.load.facts import Kept, kept
from tests.webapp.factories import AnalysisFactory, UserFactory, with_files
from webapp.accounts.models import User


def accepted(owner: User, content: bytes, status: str = "queued") -> dict[str, Any]:
    analysis = AnalysisFactory.create(recording__owner=owner, status=status)
    with_files(analysis.recording, video=content)
    return {"recording": str(analysis.recording_id), "sha256": sha256(content).hexdigest()}


def test_what_is_not_there_as_it_was_sent_is_lost(db: None) -> None:
    owner = UserFactory.create(username="uploading-0")
    lines = [accepted(owner, b"one"), accepted(owner, b"two", "succeeded")]
    assert kept(lines) == Kept(accepted=2, lost=0, twice=0, states={"queued": 1, "succeeded": 1})
    broken = [
        accepted(owner, b"three") | {"sha256": sha256(b"others").hexdigest()},
        accepted(owner, b"four", "failed"),
        {"recording": "00000000-0000-0000-0000-000000000000", "sha256": sha256(b"five").hexdigest()},
    ]
    assert kept([*lines, *broken]).lost == 3
    accepted(owner, b"one")
    assert kept(lines).twice == 1
