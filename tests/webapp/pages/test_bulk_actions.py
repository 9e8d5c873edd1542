"""What is done with many recordings at once: asked first, done to one's own alone, and what failed is told."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from tests.webapp.factories import RecordingFactory, finished
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.pages.recordings import bulk_actions
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Recording


@pytest.fixture
def three(user: User) -> list[Recording]:
    return [
        finished("happy", recording__owner=user, recording__title=title).recording for title in ("Anna", "Ben", "Carla")
    ]


def ask(client: Client, deed: str, **sent: Any) -> Any:
    return client.post(f"/recordings/chosen/{deed}/", sent)


def do(client: Client, deed: str, recordings: list[Recording], **sent: Any) -> Any:
    return ask(client, deed, recordings=",".join(str(each.pk) for each in recordings), sure="1", **sent)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("deed", bulk_actions.BULK_ACTIONS)
def test_it_is_asked_first_what_is_named(owner: Client, three: list[Recording], deed: str) -> None:
    page = ask(owner, deed, recording=[str(three[0].pk), str(three[2].pk)]).content.decode()
    assert "2 recordings" in page
    assert re.findall(r"<li>(\w+) ", page) == ["Carla", "Anna"]
    assert Recording.objects.count() == Analysis.objects.count() == 3


def test_too_many_at_once_are_refused(owner: Client, three: list[Recording], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_actions, "MAX_RECORDINGS", 2)
    for answer in (do(owner, "delete", three, number="3"), ask(owner, "delete", all="1", sure="1", number="3")):
        assert set(said(answer)) == {"These are more than 2 recordings. Narrow them down by the filters."}
    page = owner.post("/recordings/chosen/tag/", {"recording": three[0].pk, "sure": "1", "add": "a," * 51})
    assert "Name 50 tags at most." in page.content.decode()
    assert Recording.objects.count() == 3


@pytest.mark.parametrize("deed", bulk_actions.BULK_ACTIONS)
def test_somebody_elses_are_not_found(owner: Client, stranger: Client, three: list[Recording], deed: str) -> None:
    theirs = RecordingFactory.create(title="Theirs")
    sent = {"model": "", "formats": "csv", "add": "mine", "new_project": "Mine", "filters": ""}
    for client, recordings in ((stranger, three), (owner, [theirs])):
        assert ask(client, deed, recording=[str(each.pk) for each in recordings]).status_code == 404
        assert do(client, deed, recordings, **sent).status_code == 404
    page = ask(owner, deed, recording=[str(theirs.pk), str(three[0].pk), "nonsense"]).content.decode()
    assert "1 recording<" in page
    assert "Theirs" not in page
    assert ask(Client(), deed, recording=str(three[0].pk))["Location"].startswith("/login/")
    assert owner.get(f"/recordings/chosen/{deed}/").status_code == 405


@pytest.mark.parametrize("sent", [{}, {"recordings": ""}, {"all": "1", "filters": "search=zebra"}])
def test_nothing_chosen_leads_back_to_what_was_looked_for(
    owner: Client, three: list[Recording], sent: dict[str, str]
) -> None:
    answer = ask(owner, "delete", **{"filters": "search=an"} | sent)
    assert answer["Location"] == f"/?{sent.get('filters', 'search=an')}"
    assert "No recording is chosen" in said(answer)[0]


def test_all_that_was_found_can_be_meant(owner: Client, three: list[Recording]) -> None:
    page = ask(owner, "tag", all="1", filters="search=n&page=2").content.decode()
    assert re.findall(r"<li>(\w+) ", page) == ["Ben", "Anna"]


def test_filters_that_make_no_sense_do_not_mean_everything(owner: Client, three: list[Recording]) -> None:
    assert ask(owner, "delete", all="1", filters="status=asleep").status_code == 302


def test_what_is_confirmed_is_what_was_shown(owner: Client, user: User, three: list[Recording]) -> None:
    page = ask(owner, "delete", all="1", filters="").content.decode()
    shown = re.findall(r'name="recordings" value="([^"]+)"', page)[0]
    finished("sad", recording__owner=user, recording__title="Came meanwhile")
    ask(owner, "delete", recordings=shown, filters="", sure="1")
    assert [each.title for each in Recording.objects.all()] == ["Came meanwhile"]


def test_analysing_again_tells_what_failed_and_does_the_rest(owner: Client, three: list[Recording]) -> None:
    Recording.objects.filter(title="Ben").update(has_eeg=True)
    answer = do(owner, "analyse", three, model="intermediate-attention-5", filters="label=happy")
    assert answer["Location"] == "/?label=happy"
    done, failed = said(answer)
    assert done == "2 recordings will be analysed again."
    assert failed.startswith(
        "Not done for 1 recording, “Ben”: intermediate-attention-5 cannot read a recording with EEG"
    )
    assert Analysis.objects.filter(model_name="intermediate-attention-5").count() == 2


def test_analysing_again_can_choose_by_itself(owner: Client, three: list[Recording]) -> None:
    Recording.objects.filter(title="Ben").update(has_eeg=True)
    assert said(do(owner, "analyse", three, model="")) == ["3 recordings will be analysed again."]
    assert Recording.objects.get(title="Ben").analyses.latest("created_at").model_name == "fusion-cnn-5"


def test_files_come_in_the_formats_chosen(owner: Client, user: User, three: list[Recording]) -> None:
    waiting = RecordingFactory.create(owner=user, title="Waiting")
    page = ask(owner, "export", recording=[str(each.pk) for each in (waiting, three[0])]).content.decode()
    assert "1 of them has no timeline yet and is left out" in page
    answer = do(owner, "export", [waiting, *three[:2]], formats=["csv", "vtt"])
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as file:
        assert file.namelist() == [
            *("001-Anna/timeline.csv", "001-Anna/timeline.vtt", "002-Ben/timeline.csv", "002-Ben/timeline.vtt"),
            "manifest.csv",
        ]
    nothing = do(owner, "export", [waiting], formats=["csv"])
    assert (nothing.status_code, "None of these recordings has a timeline" in nothing.content.decode()) == (422, True)
    assert do(owner, "export", three).status_code == 422


def test_recordings_are_moved_into_a_project_or_a_new_one_or_out(
    owner: Client, user: User, three: list[Recording]
) -> None:
    project = projects_and_tags.create_project(owner=user, name="Pilot")
    do(owner, "move", three[:2], project=str(project.pk))
    assert set(project.recordings.all()) == set(three[:2])
    do(owner, "move", three[1:2], new_project="Main")
    assert [each.title for each in user.projects.get(name="Main").recordings.all()] == ["Ben"]
    answer = do(owner, "move", three, new_project="pilot")
    assert (answer.status_code, 'value="pilot"' in answer.content.decode()) == (422, True)
    assert project.recordings.count() == 1
    do(owner, "move", three, project="")
    assert not Recording.objects.exclude(project=None).exists()


def test_nothing_is_moved_into_somebody_elses_project(owner: Client, three: list[Recording]) -> None:
    theirs = projects_and_tags.create_project(owner=User.objects.create_user("other"), name="Theirs")
    assert do(owner, "move", three, project=str(theirs.pk)).status_code == 422
    assert not theirs.recordings.exists()


def test_tags_are_put_on_and_taken_off(owner: Client, three: list[Recording]) -> None:
    do(owner, "tag", three, add="pilot, adult")
    do(owner, "tag", three[:1], add="Pilot, left-handed", remove="ADULT, unknown")
    assert {tag.name for tag in three[0].tags.all()} == {"pilot", "left-handed"}
    assert {tag.name for tag in three[1].tags.all()} == {"pilot", "adult"}
    for sent in ({}, {"add": "x" * 41}):
        assert do(owner, "tag", three, **sent).status_code == 422


def test_many_are_deleted_only_after_their_number_was_typed(owner: Client, user: User) -> None:
    many = RecordingFactory.create_batch(bulk_actions.MAX_UNCONFIRMED + 1, owner=user)
    page = ask(owner, "delete", all="1", filters="").content.decode()
    assert "Type 21, the number of recordings" in page
    assert "and 1 more" in page
    for wrong in ("", "20", "yes"):
        answer = do(owner, "delete", many, number=wrong)
        assert answer.status_code == 422
        assert 'role="alert">' in answer.content.decode()
    assert Recording.objects.count() == 21
    assert said(do(owner, "delete", many, number=" 21 ")) == [
        "21 recordings and everything made from them are deleted."
    ]
    assert not Recording.objects.exists()


def test_few_are_deleted_by_a_click_with_all_that_was_made_of_them(owner: Client, three: list[Recording]) -> None:
    page = ask(owner, "delete", recording=[str(each.pk) for each in three]).content.decode()
    assert "3 recordings, 3 analyses" in page
    assert 'name="number"' not in page
    do(owner, "delete", three[:2])
    assert [each.title for each in Recording.objects.all()] == ["Carla"]
    assert Analysis.objects.count() == 1


def test_what_the_time_of_a_request_does_not_suffice_for_is_told(
    owner: Client, three: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "ERASE_BATCH_SIZE", 2)
    monkeypatch.setattr("webapp.analyses.bulk.ERASE_TIME_LIMIT_S", 0)
    do(owner, "delete", three, filters="search=n")
    page = owner.get("/").content.decode()
    assert "alert-warning" in page
    assert "2 recordings and everything made from them are deleted. 1 recording" in page
    left = Recording.objects.get()
    assert said(do(owner, "delete", [left])) == ["1 recording and everything made from them are deleted."]


def test_what_was_deleted_meanwhile_is_told(
    owner: Client, three: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    erase_all = services.erase_batch

    def be_slower(**which: Any) -> object:
        Recording.objects.filter(title="Ben").delete()
        return erase_all(**which)

    monkeypatch.setattr(services, "erase_batch", be_slower)
    done, failed = said(do(owner, "delete", three))
    assert done == "2 recordings and everything made from them are deleted."
    assert failed == "Not done for 1 recording, “Ben”: It was deleted meanwhile."


def test_a_deed_that_there_is_not(owner: Client, three: list[Recording]) -> None:
    assert do(owner, "burn", three).status_code == 404
