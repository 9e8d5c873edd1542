"""Our own client against a server that runs: on a network that breaks, and with what the server refuses."""

import os
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from emotrace_client import AnalysisFailedError, Client, ConnectionLostError, ProblemError

from tests.browser.network_throttle import ThrottledProxy
from tests.conftest import Start, application
from tests.inference.timelines import fused
from tests.integration.processes import eventually
from tests.integration.rest import PASSWORD, SAMPLES
from tests.integration.web import Web
from tests.webapp import clips
from tests.webapp.factories import (
    AnalysisFactory,
    ParticipantFactory,
    ProjectFactory,
    RecordingFactory,
    claimed,
    finished,
    published,
)
from tests.webapp.studies.studies import drifting_timeline, read, study
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.analyses.models import Analysis, Artifact
from webapp.recordings.models import MediaFile, Recording, Upload
from webapp.storage import media

MEGA = 2**20
SAMPLE = SAMPLES / "interview.mp4"


def _long(padding: int) -> bytes:
    """The sample with a box behind it that nobody reads."""
    return SAMPLE.read_bytes() + struct.pack(">I4s", padding + 8, b"free") + os.urandom(padding)


@pytest.fixture
def owner(django_user_model: Any, transactional_db: None) -> User:
    user: User = django_user_model.objects.create_user(username="researcher", password=PASSWORD)
    return user


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with application() as start:
        yield Web(start)


@pytest.fixture
def secret(owner: User) -> str:
    return create_token(user=owner, name="test")[1]


@pytest.fixture
def client(web: Web, secret: str) -> Iterator[Client]:
    with Client(web.base, secret) as client:
        yield client


@pytest.fixture
def proxy(web: Web) -> Iterator[ThrottledProxy]:
    proxy = ThrottledProxy("127.0.0.1", web.port)
    yield proxy
    proxy.close()


@pytest.fixture
def client_over_proxy(proxy: ThrottledProxy, secret: str) -> Iterator[Client]:
    with Client(f"http://{proxy.address}", secret, patience_s=60) as client:
        yield client


def test_a_recording_goes_up_and_is_told_of(client: Client) -> None:
    gone: list[tuple[int, int]] = []
    recording = client.upload(
        SAMPLE, consent=True, audio=SAMPLES / "interview.wav", title="First", progress=lambda *told: gone.append(told)
    )
    assert (recording.title, recording.has_eeg, recording.analysis.status) == ("First", False, "queued")
    assert {file.kind: file.original_name for file in recording.files} == {
        "video": "interview.mp4",
        "audio": "interview.wav",
    }
    whole = sum(file.bytes for file in recording.files)
    assert gone[-1] == (whole, whole)
    assert gone == sorted(gone)
    assert MediaFile.objects.get(kind="video").file.read() == SAMPLE.read_bytes()
    assert [each.id for each in client.recordings()] == [recording.id] == [client.recording(recording.id).id]
    assert client.cancel(recording.analysis.id).status == "cancelled"
    again = client.analyse_again(recording.id)
    assert [each.id for each in client.analyses(status="queued")] == [again.id]
    client.delete(recording.id)
    assert not Recording.objects.exists()


def test_a_cable_that_is_cut_in_the_middle_loses_nothing(
    client_over_proxy: Client, proxy: ThrottledProxy, tmp_path: Path, secret: str
) -> None:
    large = tmp_path / "large.mp4"
    content = _long(20 * MEGA)
    large.write_bytes(content)
    proxy.breaks_at = 13 * MEGA

    def mend() -> None:
        eventually(lambda: proxy.broken)
        time.sleep(1)
        proxy.mend()

    threading.Thread(target=mend, daemon=True).start()
    recording = client_over_proxy.upload(large, consent=True)
    assert proxy.sent > 13 * MEGA and not proxy.broken
    assert MediaFile.objects.get().file.read() == content
    assert proxy.sent < len(content) + 9 * MEGA  # not from its beginning
    assert recording.bytes == len(content)


def test_a_server_that_is_started_again_meanwhile_is_found(web: Web, client: Client, tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(_long(30 * MEGA))
    midway, killed = threading.Event(), threading.Event()

    def tell(gone: int, _: int) -> None:
        if gone > 10 * MEGA:
            midway.set()
            assert killed.wait(60)

    # The upload is what runs beside: a server that another thread started would end together with that thread.
    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(client.upload, large, consent=True, progress=tell)
        assert midway.wait(60)
        web.kill()
        killed.set()
        time.sleep(1)
        web.start()
        sending.result()
    assert MediaFile.objects.get().file.read() == large.read_bytes()


def test_an_answer_that_was_lost_makes_no_second_recording(client: Client, web: Web, secret: str) -> None:
    key = "only-once"
    first = client.upload(SAMPLE, consent=True, idempotency_key=key)
    with pytest.raises(ProblemError) as refused:
        client.upload(SAMPLE, consent=True, idempotency_key=key)
    assert refused.value.code == "idempotency_key_reused"
    assert Recording.objects.get().pk.hex == first.id.replace("-", "")


def test_an_upload_that_is_refused_says_why(client: Client, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("no video")
    with pytest.raises(ProblemError) as refused:
        client.upload(wrong, consent=True)
    assert (refused.value.status, refused.value.code) == (415, "not_a_video")
    with pytest.raises(ProblemError) as refused:
        client.upload(SAMPLE, consent=False)
    assert refused.value.code == "consent_missing"
    with pytest.raises(ProblemError) as refused:
        client.upload(SAMPLE, consent=True, eeg_trial=0)
    assert list(refused.value.errors) == ["eeg_trial"]
    assert not Recording.objects.exists()


def test_an_upload_that_is_too_large_is_not_even_begun(process: Start, secret: str) -> None:
    small = Web(process, EMOTRACE_MAX_BYTES="1000")
    with Client(small.base, secret) as client, pytest.raises(ProblemError) as refused:
        client.upload(SAMPLE, consent=True)
    assert (refused.value.status, refused.value.code) == (413, "too_large")
    assert not Upload.objects.exists()


def test_lists_are_read_to_their_end(client: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emotrace_client.client.PAGE_SIZE", 2)
    analysis = published("happy", "sad", "happy", "neutral", "sad", recording__owner=owner)
    for _ in range(2):
        published("sad", recording__owner=owner)
    found = list(client.segments(str(analysis.pk)))
    assert [segment.label for segment in found] == ["happy", "sad", "happy", "neutral", "sad"]
    assert found[0].probabilities == {"neutral": 0.1, "happy": 0.8, "sad": 0.1}
    assert (found[0].evidence.voice, found[0].unimodal) == (0.25, None)
    assert len(list(client.find_segments(label="sad", min_duration=1))) == 4
    assert {each.analysis for each in client.find_segments(label="happy")} == {str(analysis.pk)}
    assert len(list(client.analyses())) == len(list(client.recordings())) == 3
    assert client.models()[0].labels


def test_what_each_modality_says_arrives(client: Client, owner: User) -> None:
    analysis = published(timeline=fused(), recording__owner=owner, recording__duration_s=80.0)
    first = next(iter(client.segments(str(analysis.pk))))
    assert first.unimodal is not None and first.unimodal["voice"]["happy"] == 0.8
    assert first.reason is None
    assert first.valence is not None and (first.valence.label, first.valence.confidence) == ("negative", 0.7)
    assert first.arousal is not None and first.arousal.probabilities == {"low": 0.8, "high": 0.2}
    summary = client.analysis(str(analysis.pk)).summary
    assert summary is not None and summary.audio_video is not None
    assert (summary.label, summary.audio_video.label) == ("sad", "happy")


def test_a_neutral_span_is_marked_and_removed(client: Client, owner: User) -> None:
    analysis = str(published(timeline=fused(), recording__owner=owner, recording__duration_s=80.0).pk)
    assert client.baseline(analysis) is None
    marked = client.mark_baseline(analysis, 0.0, 3.6)
    assert marked is not None and (marked.start_s, marked.end_s, marked.by) == (0.0, 3.6, "researcher")
    assert client.baseline(analysis) == marked
    with pytest.raises(ProblemError, match="baseline_range") as refused:
        client.mark_baseline(analysis, 3.0, 1.0)
    assert refused.value.code == "baseline_range"
    client.remove_baseline(analysis)
    assert client.baseline(analysis) is None


def test_waiting_ends_with_the_analysis(client: Client, owner: User) -> None:
    done = finished("happy", recording__owner=owner)
    result = client.wait(str(done.pk))
    assert result.summary is not None
    assert (result.summary.label, result.progress, result.has_video) == ("happy", 1.0, True)
    assert (result.summary.mean_probability, result.summary.audio_video) == (
        {"neutral": 0.1, "happy": 0.8, "sad": 0.1},
        None,
    )
    failed = AnalysisFactory.create(recording__owner=owner)
    claimed(failed).fail("no_picture", "There is none.")
    with pytest.raises(AnalysisFailedError) as why:
        client.wait(str(failed.pk))
    assert (why.value.code, why.value.message) == ("no_picture", "There is none.")
    waiting = AnalysisFactory.create(recording__owner=owner)
    seen: list[str] = []
    with pytest.raises(TimeoutError):
        client.wait(str(waiting.pk), timeout_s=0.1, progress=lambda state: seen.append(state.status))
    assert set(seen) == {"queued"}


def a_large_video(owner: User) -> tuple[Analysis, bytes]:
    """The labelled video of an analysis, as large as a network needs time for."""
    analysis = finished("happy", recording__owner=owner)
    content = os.urandom(12 * MEGA)
    (media.root() / Artifact.objects.get(analysis=analysis).key).write_bytes(content)
    return analysis, content


def test_a_download_goes_on_where_it_broke(
    client_over_proxy: Client, proxy: ThrottledProxy, owner: User, tmp_path: Path, web: Web
) -> None:
    analysis, content = a_large_video(owner)
    breaks: list[int] = []

    def tell(have: int, whole: int) -> None:
        assert whole == len(content)
        if have > 5 * MEGA and not breaks:
            breaks.append(have)
            proxy.break_()
            threading.Timer(0.5, proxy.mend).start()
        elif len(breaks) == 1 and have != breaks[0]:
            breaks.append(have)

    made = client_over_proxy.download(str(analysis.pk), tmp_path / "video.mp4", progress=tell)
    assert made.read_bytes() == content
    assert breaks[1] > 5 * MEGA  # nothing was fetched twice
    assert list(tmp_path.iterdir()) == [made]


def test_a_file_that_is_not_there_leaves_none(client: Client, owner: User, tmp_path: Path) -> None:
    analysis = published("happy", recording__owner=owner)
    with pytest.raises(ProblemError) as refused:
        client.download(str(analysis.pk), tmp_path / "video.mp4")
    assert refused.value.code == "not_ready"
    assert list(tmp_path.iterdir()) == []
    assert b"happy" in client.export(str(analysis.pk), "csv", tmp_path / "a.csv").read_bytes()


def test_a_limit_is_obeyed(process: Start, secret: str) -> None:
    strict = Web(process, EMOTRACE_RATE_READ="2/sec")
    with Client(strict.base, secret, patience_s=30) as client:
        began = time.monotonic()
        for _ in range(6):
            assert list(client.analyses()) == []
        assert time.monotonic() - began > 1  # six at two a second
    with Client(strict.base, secret, patience_s=0) as hasty, pytest.raises(ProblemError) as refused:
        for _ in range(6):
            list(hasty.analyses())
    assert (refused.value.status, refused.value.code) == (429, "throttled")


def test_errors_have_codes(web: Web, client: Client, secret: str) -> None:
    with pytest.raises(ProblemError) as refused:
        client.analysis("00000000-0000-0000-0000-000000000000")
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    with Client(web.base, "nonsense") as nobody, pytest.raises(ProblemError) as refused:
        list(nobody.recordings())
    assert refused.value.code == "authentication_failed"
    web.kill()
    with Client(web.base, secret, patience_s=1) as alone, pytest.raises(ConnectionLostError):
        list(alone.recordings())
    web.start()


@pytest.mark.usefixtures("transactional_db")
def test_a_table_is_a_data_frame_with_the_types_of_its_codebook(client: Client, owner: User) -> None:
    project = study(participants=2, owner=owner)
    read(project, ParticipantFactory.create(project=project, code="007"), drifting_timeline(1))
    table = client.table(str(project.pk))
    assert list(table.columns) == list(client.codebook(str(project.pk)))
    assert table["participant"].tolist() == ["007", "P00", "P00", "P01", "P01"]
    assert table["var_age"].tolist()[1:] == [20.0, 20.0, 21.0, 21.0]
    assert client.table(str(project.pk), unit="marker").groupby("marker_kind").size().to_dict() == {
        "baseline": 4,
        "stimulus": 4,
    }
    assert len(client.table(str(project.pk), model="nobody")) == 0
    with pytest.raises(ProblemError, match="unit"):
        client.table(str(project.pk), unit="person")


@pytest.mark.usefixtures("transactional_db")
def test_stimuli_are_added_changed_and_deleted(client: Client, owner: User, tmp_path: Path) -> None:
    project = str(ProjectFactory.create(owner=owner).pk)
    (tmp_path / "beach.png").write_bytes(clips.picture())
    (tmp_path / "clip.mp4").write_bytes(clips.video())
    client.add_stimulus(project, "Text", length_s=4)
    beach = client.add_stimulus(project, "Beach", length_s=3, picture=tmp_path / "beach.png")
    client.add_stimulus(project, "Clip", video=tmp_path / "clip.mp4")
    client.change_stimulus(beach["id"], name="Sea", position=0)
    media = [(each["name"], each["medium"]) for each in client.stimuli(project)]
    assert media == [("Sea", "picture"), ("Text", "none"), ("Clip", "video")]
    client.delete_stimulus(beach["id"])
    assert len(client.stimuli(project)) == 2


@pytest.mark.usefixtures("transactional_db")
def test_a_study_is_made_and_compared(client: Client, owner: User, tmp_path: Path) -> None:
    project = study(participants=4, owner=owner)
    pk = str(project.pk)
    table = "participant,age\nP00,31\nP09,40\n"
    assert client.set_values(pk, table, preview=True)["new_participants"] == ["P09"]
    assert client.set_values(pk, table)["changed"] == 2
    assert client.set_values(pk, table)["changed"] == 0
    recording = RecordingFactory.create(owner=owner, project=project, title="P10_a", duration_s=9.0)
    named = client.assign_by_name(pk, "{participant}_{condition}")
    assert "P10" in named["new_participants"]
    markers = tmp_path / "markers.csv"
    markers.write_text("start,end,name\n1,2,smile\n")
    assert [each["name"] for each in client.import_markers(markers, recording=str(recording.pk))] == ["smile"]
    assert client.import_markers(markers, recording=str(recording.pk)) == []
    with pytest.raises(ValueError, match="a recording or a project"):
        client.import_markers(markers)
    measure = f"mean_probability_{drifting_timeline(0).labels[1]}"
    result = client.compare(pk, [measure], "condition")
    saved = client.compare(pk, [measure], "condition", reader="machine", save_as="First")
    assert saved["name"] == "First"
    assert saved["result"]["measures"] == result["measures"]
    with pytest.raises(ProblemError) as refused:
        client.compare(pk, ["nonsense"], "condition")
    assert refused.value.code == "comparison_measure"
