"""What one person may use: bytes, minutes, analyses at once; and the room on the disk."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient

from tests.webapp import clips, tus
from tests.webapp.factories import AnalysisFactory, RecordingFactory, UserFactory
from webapp.accounts.models import UNLIMITED, User
from webapp.accounts.services import set_quota
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.core.errors import RequestError
from webapp.core.quota import Quota, parse_amount
from webapp.recordings import uploads
from webapp.recordings.models import Recording, Upload
from webapp.recordings.quota import used_bytes
from webapp.recordings.services import NewRecording, RecordingFiles

pytestmark = pytest.mark.usefixtures("models")

RECORDINGS, ACCOUNT = "/api/v1/recordings/", "/api/v1/account/"
VIDEO = clips.video()


def send(api: APIClient, **more: Any) -> Any:
    video = SimpleUploadedFile("interview.mp4", VIDEO)
    return api.post(RECORDINGS, {"video": video, "consent": "true"}, format="multipart", **more)


def use(api: APIClient, upload: str) -> Any:
    return api.post(RECORDINGS, {"video_upload": upload, "consent": "true"}, format="multipart")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_everybody_may_use_much_but_not_everything(api: APIClient, settings: Any) -> None:
    assert Quota(bytes=100 * 10**9, minutes=20_000, analyses=1000) == settings.QUOTA
    assert send(api).status_code == 201


def test_an_installation_may_lift_the_limits() -> None:
    assert [parse_amount(text) for text in ("unlimited", "50G", "600")] == [None, 50 * 10**9, 600]


def test_a_file_fits_to_the_byte(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=len(VIDEO))
    assert send(api).status_code == 201
    assert used_bytes(owner) == len(VIDEO)
    assert refusal(tus.begin(api, 1)) == (413, "quota_bytes")


def test_one_byte_too_many_is_refused_and_nothing_is_kept(api: APIClient, owner: User, media_root: Any) -> None:
    set_quota(user=owner, bytes=len(VIDEO) - 1)
    assert refusal(send(api)) == (413, "quota_bytes")
    assert not Recording.objects.exists()
    assert clips.everything_in(media_root) == []


def test_an_upload_counts_from_its_first_byte_on(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=1000)
    begun = tus.begin(api, 600)["Location"]
    assert refusal(tus.begin(api, 401)) == (413, "quota_bytes")
    assert tus.begin(api, 400).status_code == 201
    api.delete(begun, headers=tus.SPEAKS)
    assert tus.begin(api, 600).status_code == 201


def test_an_upload_that_becomes_a_recording_counts_once(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=len(VIDEO))
    assert use(api, tus.whole(api, VIDEO)).status_code == 201
    assert used_bytes(owner) == len(VIDEO)


def test_deleting_a_recording_gives_its_room_back(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=len(VIDEO), minutes=1)
    sent = send(api).json()
    assert refusal(send(api)) == (413, "quota_bytes")
    api.delete(f"{RECORDINGS}{sent['id']}/")
    assert send(api).status_code == 201


def test_minutes_are_those_of_the_recordings_that_are_kept(api: APIClient, owner: User) -> None:
    set_quota(user=owner, minutes=1)
    RecordingFactory.create(owner=owner, duration_s=59.5)
    assert refusal(send(api)) == (413, "quota_minutes")
    set_quota(user=owner, minutes=2)
    assert send(api).status_code == 201


def test_analyses_that_are_open_are_counted(api: APIClient, owner: User) -> None:
    set_quota(user=owner, analyses=1)
    sent = send(api).json()
    again = f"{RECORDINGS}{sent['id']}/analyses/"
    assert refusal(send(api)) == (429, "quota_analyses")
    assert refusal(api.post(again)) == (429, "quota_analyses")
    assert Recording.objects.count() == 1
    api.post(f"/api/v1/analyses/{sent['analysis']['id']}/cancel/")
    assert api.post(again).status_code == 201


def test_a_repeated_request_gets_its_answer_where_no_more_is_allowed(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=len(VIDEO), analyses=1)
    upload = tus.whole(api, VIDEO)
    key = {"Idempotency-Key": "once"}
    sent = {"video_upload": upload, "consent": "true"}
    first, second = (api.post(RECORDINGS, sent, format="multipart", headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]


def test_a_file_that_cannot_fit_is_not_even_received(api: APIClient, owner: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("webapp.recordings.upload_slots.FIELDS_BYTES", 0)
    monkeypatch.setattr("webapp.analyses.services.submit", pytest.fail)
    set_quota(user=owner, bytes=len(VIDEO) - 1)
    assert refusal(send(api)) == (413, "quota_bytes")


def test_a_large_request_that_is_repeated_gets_its_answer_too(api: APIClient, owner: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("webapp.recordings.upload_slots.FIELDS_BYTES", 1000)
    set_quota(user=owner, bytes=len(VIDEO))
    first, second = (send(api, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)


def test_what_others_use_counts_for_nobody_else(api: APIClient, owner: User, stranger: User) -> None:
    set_quota(user=owner, bytes=len(VIDEO), minutes=1, analyses=1)
    recording = RecordingFactory.create(owner=stranger, bytes=10**12, duration_s=10**6)
    AnalysisFactory.create(recording=recording)
    assert send(api).status_code == 201


@pytest.mark.parametrize(("own", "status"), [(None, 413), (10**9, 201), (UNLIMITED, 201)])
def test_a_persons_own_quota_stands_above_everybodys(
    api: APIClient, owner: User, settings: Any, own: int | None, status: int
) -> None:
    settings.QUOTA = Quota(bytes=10, minutes=None, analyses=None)
    set_quota(user=owner, bytes=own)
    assert send(api).status_code == status


@pytest.mark.parametrize("free", [0, 1])
def test_the_last_of_the_disk_is_kept_free(
    api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    has_free(monkeypatch, settings.DISK_RESERVE_BYTES + 999 + free)
    answer = tus.begin(api, 1000)
    assert (answer.status_code == 201) if free else (refusal(answer) == (507, "disk_full"))


def has_free(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": room}))


def test_what_others_announce_and_do_not_send_takes_no_room(
    api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_free(monkeypatch, settings.DISK_RESERVE_BYTES + 1000)
    for _ in range(31):
        uploads.create(owner=UserFactory.create(), length=1000, name="a.mp4", metadata="")
    assert tus.begin(api, 1000).status_code == 201


def test_a_part_for_which_there_is_no_room_is_not_received(
    api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tus.begin(api, 1000)["Location"]
    has_free(monkeypatch, settings.DISK_RESERVE_BYTES + 499)
    assert refusal(tus.send(api, upload, 0, bytes(500))) == (507, "disk_full")
    assert Upload.objects.get().offset == 0
    has_free(monkeypatch, settings.DISK_RESERVE_BYTES + 500)
    assert tus.send(api, upload, 0, bytes(500)).status_code == 204


def test_a_part_ends_where_others_have_filled_the_disk_meanwhile(
    api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "COMMIT_BYTES", 100)
    upload = tus.begin(api, 1000)["Location"]
    count = uploads._save_offset

    def filled(transfer: Upload, offset: int) -> None:
        count(transfer, offset)
        if offset:
            has_free(monkeypatch, settings.DISK_RESERVE_BYTES - 1)

    monkeypatch.setattr(uploads, "_save_offset", filled)
    monkeypatch.setattr("webapp.storage.media.CHUNK_BYTES", 100)
    assert refusal(tus.send(api, upload, 0, bytes(1000))) == (507, "disk_full")
    assert Upload.objects.get().offset == 100


def test_uploads_on_their_way_are_counted(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.recordings.quota.MAX_PENDING_UPLOADS", 2)
    begun = [tus.begin(api, 10)["Location"] for _ in range(2)]
    assert refusal(tus.begin(api, 10)) == (429, "quota_uploads")
    api.delete(begun[0], headers=tus.SPEAKS)
    assert tus.begin(api, 10).status_code == 201


def at_once(count: int, do: Callable[[int], object]) -> list[object]:
    """What each of them gave, or the code with which it was refused."""
    start, got = threading.Barrier(count), []

    def one(number: int) -> None:
        start.wait()
        try:
            got.append(do(number))
        except RequestError as error:
            got.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == count
    return got


@pytest.mark.django_db(transaction=True)
def test_fifty_uploads_at_once_do_not_pass_the_quota_by_a_byte() -> None:
    owner = UserFactory.create()
    set_quota(user=owner, bytes=1999)
    got = at_once(50, lambda number: uploads.create(owner=owner, length=100, name=f"{number}", metadata=""))
    assert sum(isinstance(each, Upload) for each in got) == 19
    assert got.count("quota_bytes") == 31
    assert used_bytes(owner) == 1900


@pytest.mark.django_db(transaction=True)
def test_ten_recordings_at_once_do_not_pass_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.recordings.services.check_slot", lambda **_: nullcontext())  # one at a time, otherwise
    owner = UserFactory.create()
    set_quota(user=owner, bytes=4 * len(VIDEO), analyses=3)

    def submit(number: int) -> object:
        video = SimpleUploadedFile(f"{number}.mp4", VIDEO)
        return services.submit(owner=owner, new=NewRecording(files=RecordingFiles(video), consent=True))

    got = at_once(10, submit)
    assert sum(isinstance(each, Analysis) for each in got) == 3
    assert Recording.objects.count() == 3
    assert set(got) - set(Analysis.objects.all()) <= {"quota_bytes", "quota_analyses"}


def test_one_reads_what_one_uses(api: APIClient, owner: User) -> None:
    set_quota(user=owner, bytes=10**6, minutes=10)
    RecordingFactory.create(owner=owner, bytes=1000, duration_s=61.2)
    tus.begin(api, 500)
    answer = api.get(ACCOUNT).json()
    assert answer["username"] == owner.username
    assert answer["second_factor"] is False
    assert answer["quota"] == {
        "bytes": {"used": 1500, "allowed": 10**6},
        "seconds": {"used": 62, "allowed": 600},
        "analyses": {"used": 0, "allowed": 1000},
    }


def test_nobody_reads_an_account_without_being_somebody(db: None) -> None:
    assert APIClient().get(ACCOUNT).status_code == 401
