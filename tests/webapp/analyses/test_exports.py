"""Many timelines in one zip: what is inside, whose it is, and that it is never held as a whole."""

import csv
import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from rest_framework.test import APIClient

from inference.export import WRITERS, RecordingInfo
from tests.webapp.factories import AnalysisFactory, a_timeline, claimed, finished, published
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.downloads.archive import analyses_archive
from webapp.analyses.execution.publishing import publish_video
from webapp.analyses.models import Analysis
from webapp.recordings.models import Project, Tag
from webapp.storage import media

ADDRESS = "/api/v1/exports/"
TITLES = ("../../etc/passwd", "Änna: 1st / visit", "Änna: 1st / visit", "=1+1", "心")


@pytest.fixture
def five(owner: User) -> list[Analysis]:
    return [finished("happy", "sad", recording__owner=owner, recording__title=title) for title in TITLES]


def opened(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.content
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def manifest(file: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode(), newline="")))


def folders(file: zipfile.ZipFile) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in file.namelist() if "/" in name))


def test_each_recording_has_a_folder_with_a_safe_name(api: APIClient, five: list[Analysis]) -> None:
    answer = api.get(ADDRESS, {"formats": "csv,eaf"}, headers={"Accept": "application/zip"})
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="emotrace-')
    with opened(answer) as file:
        assert file.testzip() is None
        assert folders(file) == [
            *("001-etc-passwd", "002-Änna- 1st - visit", "003-Änna- 1st - visit", "004-=1+1", "005-心"),
        ]
        assert file.namelist()[:2] == ["001-etc-passwd/timeline.csv", "001-etc-passwd/timeline.eaf"]
        about = RecordingInfo(TITLES[1], str(five[1].recording_id))
        expected = WRITERS["csv"].write(a_timeline("happy", "sad"), about)
        assert file.read("002-Änna- 1st - visit/timeline.csv") == expected
        assert len(file.namelist()) == 2 * len(five) + 1


def test_the_manifest_says_whose_each_file_is(api: APIClient, five: list[Analysis]) -> None:
    with opened(api.get(ADDRESS, {"formats": "csv", "video": "true"})) as file:
        rows = manifest(file)
        assert [row["file"] for row in rows] == file.namelist()[:-1]
        for row in rows:
            content = file.read(row["file"])
            assert (int(row["bytes"]), row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [row["analysis"] for row in rows[::2]] == [str(each.pk) for each in five]
    assert [row["recording"] for row in rows[::2]] == [str(each.recording_id) for each in five]
    assert [row["title"] for row in rows[::2]] == [*TITLES[:3], "'=1+1", TITLES[4]]
    assert {(row["project"], row["tags"], row["duration_s"], row["models"], row["purpose"]) for row in rows} == {
        ("", "", "10.000", "intermediate-attention-8 1", "unstated"),
    }


def test_the_manifest_says_where_it_belongs(api: APIClient, owner: User) -> None:
    recording = finished(
        "happy", recording__owner=owner, recording__purpose="other", recording__purpose_note="@SUM(1)"
    ).recording
    recording.project = Project.objects.create(owner=owner, name="=Pilot")
    recording.save()
    recording.tags.add(*(Tag.objects.create(owner=owner, name=name) for name in ("right", "calm")))
    with opened(api.get(ADDRESS, {"formats": "csv"})) as file:
        (row,) = manifest(file)
    assert (row["project"], row["tags"]) == ("'=Pilot", "calm,right")
    assert (row["purpose"], row["purpose_note"]) == ("other", "'@SUM(1)")


def test_all_formats_come_where_none_is_named_and_videos_only_when_asked_for(api: APIClient, owner: User) -> None:
    analysis = finished("happy", recording__owner=owner, recording__title="a")
    extensions = {f"001-a/timeline.{writer.extension}" for writer in WRITERS.values()}
    with opened(api.get(ADDRESS)) as file:
        assert set(file.namelist()) == {*extensions, "manifest.csv"}
    with opened(api.get(ADDRESS, {"video": "true"})) as file:
        assert set(file.namelist()) == {*extensions, "001-a/annotated.mp4", "manifest.csv"}
        (video,) = analysis.artifacts.all()
        assert file.read("001-a/annotated.mp4") == video.file.read()


def test_a_form_repeats_the_name(api: APIClient, five: list[Analysis]) -> None:
    with opened(api.get(f"{ADDRESS}?formats=csv&formats=vtt&formats=csv")) as file:
        assert len(file.namelist()) == 2 * len(five) + 1


def test_recordings_can_be_chosen(api: APIClient, five: list[Analysis]) -> None:
    chosen = [str(each.recording_id) for each in five[1:3]]
    with opened(api.get(ADDRESS, {"formats": "csv", "recording": ",".join(chosen)})) as file:
        assert [row["recording"] for row in manifest(file)] == chosen


def test_the_filters_of_the_list_apply(api: APIClient, owner: User) -> None:
    finished("happy", recording__owner=owner, recording__title="glad")
    finished("sad", recording__owner=owner, recording__title="sorry")
    with opened(api.get(ADDRESS, {"label": "sad"})) as file:
        assert folders(file) == ["001-sorry"]


def test_of_several_analyses_the_latest_with_a_timeline_is_taken(api: APIClient, owner: User) -> None:
    first = finished("happy", recording__owner=owner)
    second = published("sad", recording=first.recording)
    AnalysisFactory.create(recording=first.recording)
    with opened(api.get(ADDRESS, {"formats": "csv"})) as file:
        assert [row["analysis"] for row in manifest(file)] == [str(second.pk)]


def test_nobody_gets_what_is_somebody_elses(
    client_of: Callable[[User], APIClient], stranger: User, five: list[Analysis]
) -> None:
    mine = finished("sad", recording__owner=stranger, recording__title="mine")
    theirs = client_of(stranger)
    both = ",".join(str(each.recording_id) for each in (five[0], mine))
    with opened(theirs.get(ADDRESS, {"recording": both})) as file:
        assert folders(file) == ["001-mine"]
    answer = theirs.get(ADDRESS, {"recording": str(five[0].recording_id)})
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_to_export")
    inside = b"".join(analyses_archive(stranger, [each.pk for each in five], ["csv"], with_video=True))
    assert zipfile.ZipFile(io.BytesIO(inside)).namelist() == ["manifest.csv"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"formats": "csv,xls"}, 404, "unknown_format"),
        ({"recording": "nonsense"}, 400, "invalid"),
        ({"video": "perhaps"}, 400, "invalid"),
        ({"status": "asleep"}, 400, "invalid"),
        ({"recording": str(uuid4())}, 404, "nothing_to_export"),
    ],
)
def test_what_cannot_be_had_is_said_at_once(
    api: APIClient, five: list[Analysis], query: dict[str, str], status: int, code: str
) -> None:
    answer = api.get(ADDRESS, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_what_is_erased_while_the_zip_is_sent_is_left_out(owner: User, five: list[Analysis]) -> None:
    pieces = analyses_archive(owner, [each.pk for each in five], ["csv"], with_video=True)
    sent = [next(pieces)]
    services.erase(recording=five[3].recording)
    sent += pieces
    with zipfile.ZipFile(io.BytesIO(b"".join(sent))) as file:
        assert file.testzip() is None
        assert [row["analysis"] for row in manifest(file)[::2]] == [str(five[n].pk) for n in (0, 1, 2, 4)]


def test_only_what_is_huge_asks_for_the_extension_for_huge_files(owner: User) -> None:
    analysis = finished("happy", recording__owner=owner)
    with zipfile.ZipFile(
        io.BytesIO(b"".join(analyses_archive(owner, [analysis.pk], ["csv"], with_video=True)))
    ) as file:
        assert {entry.extract_version for entry in file.infolist()} == {20}
        assert {entry.compress_type for entry in file.infolist()} == {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}


def test_whoever_hangs_up_in_the_middle_leaves_no_file_open(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = finished("happy", recording__owner=owner)
    monkeypatch.setattr("webapp.storage.zip_stream.CHUNK_BYTES", 100)
    pieces = analyses_archive(owner, [analysis.pk], ["csv"], with_video=True)
    while len(next(pieces)) < 100:
        pass
    video = media.root() / analysis.artifacts.get().key
    assert video in (Path(each.path) for each in psutil.Process().open_files())
    pieces.close()  # type: ignore[attr-defined]
    assert video not in (Path(each.path) for each in psutil.Process().open_files())


def test_a_large_video_passes_through_in_pieces(owner: User) -> None:
    analysis = published("happy", recording__owner=owner)
    size = 64 * 2**20
    with media.scratch_dir() as place:
        path = place / "labelled.mp4"
        with path.open("wb") as file:
            file.truncate(size)
        publish_video(claimed(analysis, published=True), path)
    tracemalloc.start()
    sent = sum(len(piece) for piece in analyses_archive(owner, [analysis.pk], ["csv"], with_video=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > size
    assert peak < size / 8
