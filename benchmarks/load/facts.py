"""Who comes and what there is to look at; and afterwards, what is really there of what was accepted."""

import hashlib
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.library import somebody

if TYPE_CHECKING:
    from webapp.accounts.models import User
    from webapp.analyses.models import Analysis
    from webapp.recordings.models import MediaFile

BROWSING, UPLOADING, RECORDINGS_EACH = 50, 20, 40
READ_S = 600


@dataclass(frozen=True)
class Kept:
    """Of recordings that were accepted: how many, how many are lost, and how far the others are.

    Lost is what has no row, other bytes than were sent, or no analysis that goes on. `twice` are files that became more
    than one recording.
    """

    accepted: int
    lost: int
    twice: int
    states: dict[str, int]


def migrate() -> None:
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    connections.close_all()


def made(clip: Path) -> dict[str, Any]:
    """Accounts with their sessions and tokens, and one recording that was really read, shown to all who browse."""
    from webapp.accounts.models import User
    from webapp.recordings import sharing

    browsing = [somebody(f"browsing-{number}", RECORDINGS_EACH) for number in range(BROWSING)]
    uploading = [User.objects.create_user(f"uploading-{number}") for number in range(UPLOADING)]
    analysis = _read(User.objects.create_user("owner"))
    for user in browsing:
        sharing.share_with_user(target=analysis.recording, username=user.get_username(), consented=True)
    return {
        "clip": str(clip),
        "analysis": str(analysis.pk),
        "video_bytes": analysis.artifacts.get(kind="video").bytes,
        "browsing": [_someone(user) for user in browsing],
        "uploading": [_someone(user) for user in uploading],
    }


def kept(accepted: list[dict[str, Any]]) -> Kept:
    from webapp.analyses.models import Analysis
    from webapp.recordings.models import MediaFile

    files = MediaFile.objects.filter(recording__owner__username__startswith="uploading-")
    digests = {str(file.recording_id): _digest(file) for file in files}
    analyses = Analysis.objects.filter(recording__in=files.values("recording"))
    found = {str(pk): status for pk, status in analyses.values_list("recording_id", "status")}
    good = [
        line
        for line in accepted
        if digests.get(line["recording"]) == line["sha256"] and found.get(line["recording"]) not in (None, "failed")
    ]
    return Kept(
        accepted=len(accepted),
        lost=len(accepted) - len(good),
        twice=len(digests) - len({*digests.values()}),
        states=dict(Counter(found[line["recording"]] for line in good)),
    )


def _someone(user: "User") -> dict[str, str]:
    from django.test import Client

    from webapp.accounts.services import create_token

    client = Client()
    client.force_login(user)
    return {"session": client.cookies["emotrace_session"].value, "token": create_token(user=user, name="load")[1]}


def _read(owner: "User") -> "Analysis":
    from webapp.analyses import sample

    analysis = sample.submit(owner=owner, mode="audio-video")
    deadline = time.monotonic() + READ_S
    while analysis.status != "succeeded":
        if time.monotonic() > deadline or analysis.status == "failed":
            raise SystemExit(f"error: the sample was not read: {analysis.status} {analysis.error_message}")
        time.sleep(1)
        analysis.refresh_from_db()
    return analysis


def _digest(file: "MediaFile") -> str:
    with file.file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
