"""What has to be so after every fault, whatever it was."""

import os
import time
from itertools import pairwise
from unittest.mock import patch

import av

from inference.hashing import sha256_file
from webapp.analyses.execution import reaper
from webapp.analyses.execution.reaper import ORPHAN_SECONDS, sweep
from webapp.analyses.models import Analysis, Artifact
from webapp.recordings.models import MediaFile, Upload
from webapp.storage import media
from webapp.storage.filesystem import MediaFileSystemStorage

Status = Analysis.Status


def check(*, windows: int = 1) -> None:
    """Every analysis is over, with one whole result or with a reason. No file is without a row, no row without its
    file. A recording has so many `windows`.
    """
    for analysis in Analysis.objects.all():
        assert analysis.status not in Analysis.OPEN, (analysis.status, analysis.stage, analysis.attempt)
        assert (analysis.lease_token, analysis.heartbeat_at) == (None, None)
        assert analysis.finished_at is not None
        if analysis.status == Status.SUCCEEDED:
            _one_result(analysis, windows)
        else:
            assert analysis.status == Status.FAILED
            assert analysis.error_code and analysis.error_message
            assert not analysis.artifacts.exists()
    _files()


def _one_result(analysis: Analysis, windows: int) -> None:
    assert (analysis.error_code, analysis.progress) == ("", 1.0)
    assert analysis.windows.count() == windows
    segments = list(analysis.segments.order_by("start_s"))
    assert segments[0].start_s == 0
    assert abs(segments[-1].end_s - analysis.recording.duration_s) < 0.001
    assert all(one.end_s == other.start_s for one, other in pairwise(segments))
    assert sorted(each.kind for each in analysis.artifacts.all()) == [Artifact.Kind.CHAPTERS, Artifact.Kind.VIDEO]
    for artifact in analysis.artifacts.all():
        with media.local_file(artifact.key) as path:
            assert (sha256_file(path), path.stat().st_size) == (artifact.sha256, artifact.bytes)
            with av.open(str(path)) as file:
                assert next(file.decode(video=0)) is not None


def _files() -> None:
    """What a killed process left in the middle of its work, the reaper removes when it is old, and nothing else."""
    named = {*MediaFile.objects.values_list("file", flat=True), *Artifact.objects.values_list("file", flat=True)}
    old = time.time() - ORPHAN_SECONDS - 60
    for path in media.root().rglob("*"):
        os.utime(path, (old, old))
    # The age of what lies in a bucket cannot be set back.
    with patch.object(
        reaper, "ORPHAN_SECONDS", ORPHAN_SECONDS if isinstance(media.storage().inner, MediaFileSystemStorage) else 0
    ):
        sweep()
        sweep()  # the directory that the first round has emptied
    kept = {*media.list_keys()} - {media.RECORDINGS}
    assert kept == named, (kept - named, named - kept)
    assert {*media.list_temporary()} == {transfer.path for transfer in Upload.objects.all()}
