"""Links by which participants record themselves, and what comes in by them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.http import Http404
from django.utils import timezone

from tests.webapp import clips
from tests.webapp.factories import ParticipantFactory, ProjectFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.analyses import services as analyses
from webapp.analyses.models import Analysis
from webapp.audit.models import Entry
from webapp.core.errors import RequestError
from webapp.recordings import quota, uploads
from webapp.recordings.models import Project, PurposeRule, Recording, Upload
from webapp.studies import collection, participants, selectors, stimuli
from webapp.studies.collection import ShownStimulus
from webapp.studies.data_export import on_exporting_account
from webapp.studies.models import CollectionLink, CollectionSession, Marker

pytestmark = pytest.mark.usefixtures("media_root", "models")

TEXT = "We study faces. Write to the office to take it back."


@pytest.fixture
def project(owner: User) -> Project:
    project = ProjectFactory.create(owner=owner, name="Adverts", purpose="research")
    for position, name in enumerate(("Advert A", "Advert B")):
        StimulusFactory.create(project=project, name=name, position=position, length_s=0.3)
    return project


@pytest.fixture
def link(project: Project, owner: User) -> CollectionLink:
    return make_link(project, owner)


def make_link(project: Project, owner: User, *, random_order: bool = False) -> CollectionLink:
    return collection.create_link(project=project, by=owner, consent_text=TEXT, random_order=random_order)[0]


def begin(link: CollectionLink, code: str = "P07") -> CollectionSession:
    session = collection.begin_session(link=link, code=code, agreed=True)
    return selectors.session_by_link(link, session.pk)


class Source:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, size: int, /) -> bytes:
        part, self.content = self.content[:size], self.content[size:]
        return part


def send(session: CollectionSession, content: bytes | None = None) -> CollectionSession:
    """The session as the next request finds it, its video sent."""
    content = clips.video() if content is None else content
    upload = collection.begin_upload(session=session, length=len(content), name="recording.mp4", metadata="")
    uploads.append(upload=upload, offset=0, size=len(content), source=Source(content))
    return selectors.session_by_link(session.link, session.pk)


def shown(session: CollectionSession, *times: tuple[float, float]) -> list[ShownStimulus]:
    pairs = zip(session.stimuli, times or ((0.1, 0.4), (0.5, 0.8)), strict=True)
    return [ShownStimulus(UUID(pk), *span) for (pk, _), span in pairs]


def finish(session: CollectionSession, dropped: int | None = 3) -> Recording:
    return collection.finish_session(session=session, shown=shown(session), dropped_frames=dropped)


def test_a_finished_session_is_a_recording_with_markers_in_the_project(link: CollectionLink, owner: User) -> None:
    session = send(begin(link))
    recording = finish(session)
    assert (recording.owner, recording.project) == (owner, link.project)
    assert recording.participant is not None
    assert recording.participant.code == "P07"
    assert recording.title.startswith("P07, ")
    assert (recording.purpose, recording.consent_version) == ("research", "study-1")
    assert recording.consent_at == session.begun_at
    assert recording.consent_text.startswith(f"{TEXT}\n\nI have read this text")
    markers = list(Marker.objects.order_by("start_s"))
    assert [(each.start_s, each.end_s, each.name) for each in markers] == [
        (0.1, 0.4, "Advert A"),
        (0.5, 0.8, "Advert B"),
    ]
    assert all(each.stimulus and each.kind == "stimulus" and each.source == "collected" for each in markers)
    assert Analysis.objects.get().recording == recording
    session.refresh_from_db()
    assert (session.recording, session.dropped_frames, session.upload) == (recording, 3, None)
    assert finish(selectors.session_by_link(link, session.pk)) == recording
    assert Recording.objects.count() == 1


def test_the_audit_log_names_the_link_and_nobody(link: CollectionLink, owner: User) -> None:
    finish(send(begin(link)))
    collection.close_link(link=link, by=owner)
    entries = Entry.objects.filter(owner_id=owner.pk).exclude(action="account_made").order_by("pk")
    assert list(entries.values_list("action", "actor_id", "link_id")) == [
        ("collection_opened", owner.pk, None),
        ("collection_begun", None, link.pk),
        ("recording_received", None, link.pk),
        ("collection_closed", owner.pk, None),
    ]


@pytest.mark.parametrize(
    "times",
    [
        [(0.5, 0.8), (0.1, 0.4)],
        [(0.1, 0.4), (0.5, 0.5)],
        [(0.1, 0.4), (99, 100)],
        [(0.1, 0.4), (float("nan"), 0.8)],
        [(-1, 0.4), (0.5, 0.8)],
    ],
)
def test_times_that_cannot_be_store_nothing(link: CollectionLink, times: list[tuple[float, float]]) -> None:
    session = send(begin(link))
    with pytest.raises(RequestError) as refused:
        collection.finish_session(session=session, shown=shown(session, *times), dropped_frames=None)
    assert refused.value.code == "shown_stimuli"
    assert not Recording.objects.exists()
    assert not Marker.objects.exists()
    assert Upload.objects.exists()


def test_only_the_stimuli_of_the_session_count_in_their_order(link: CollectionLink) -> None:
    session = send(begin(link))
    foreign = [ShownStimulus(uuid4(), 0.1, 0.4)]
    for wrong in ([], foreign, [*shown(session), *shown(session)], shown(session)[::-1]):
        with pytest.raises(RequestError):
            collection.finish_session(session=session, shown=wrong, dropped_frames=None)
    assert not Recording.objects.exists()


def test_an_end_after_the_video_is_that_of_the_video(link: CollectionLink) -> None:
    session = send(begin(link))
    recording = collection.finish_session(
        session=session, shown=shown(session, (0.1, 0.4), (0.5, 9.0)), dropped_frames=None
    )
    assert Marker.objects.order_by("start_s")[1].end_s == round(recording.duration_s, 3)


def test_a_stimulus_that_was_deleted_meanwhile_keeps_its_marker_by_name(link: CollectionLink) -> None:
    session = send(begin(link))
    link.project.stimuli.get(name="Advert B").delete()
    finish(session)
    marker = Marker.objects.get(name="Advert B")
    assert (marker.stimulus, marker.kind) == (None, "stimulus")
    assert len(begin(link).stimuli) == 1


def test_without_agreement_nothing_begins(link: CollectionLink) -> None:
    with pytest.raises(RequestError) as refused:
        collection.begin_session(link=link, code="", agreed=False)
    assert refused.value.code == "consent_missing"
    assert not link.project.participants.exists()


def test_codes_are_given_or_found_in_any_case(link: CollectionLink) -> None:
    known = ParticipantFactory.create(project=link.project, code="P002")
    assert begin(link, "p002").participant == known
    assert begin(link, "").participant.code == "P003"
    assert begin(link, "").participant.code == "P004"
    assert link.project.participants.count() == 3


def test_the_order_is_the_projects_or_random(project: Project, owner: User) -> None:
    for number in range(8):
        stimuli.create_stimulus(project=project, by=owner, name=f"Z{number}", length_s=1)
    stimuli.update_stimulus(stimulus=project.stimuli.get(name="Z7"), by=owner, position=0)
    names = [name for _, name in begin(make_link(project, owner)).stimuli]
    assert names == ["Z7", "Advert A", "Advert B", *(f"Z{number}" for number in range(7))]
    shuffled = make_link(project, owner, random_order=True)
    orders = {tuple(name for _, name in begin(shuffled).stimuli) for _ in range(5)}
    assert len(orders) > 1
    assert {frozenset(order) for order in orders} == {frozenset(names)}


def test_by_a_closed_link_nobody_begins_and_who_has_begun_sends_for_a_day(link: CollectionLink, owner: User) -> None:
    early, late = begin(link), begin(link, "P08")
    collection.close_link(link=link, by=owner)
    with pytest.raises(RequestError) as refused:
        begin(link)
    assert refused.value.code == "collection_closed"
    link.refresh_from_db()
    recording = finish(send(selectors.session_by_link(link, early.pk)))
    assert Marker.objects.filter(recording=recording).count() == 2
    CollectionLink.objects.update(closed_at=timezone.now() - timedelta(hours=24, seconds=1))
    link.refresh_from_db()
    with pytest.raises(RequestError) as refused:
        selectors.session_by_link(link, late.pk)
    assert refused.value.code == "collection_closed"
    with pytest.raises(Http404):
        selectors.session_by_link(link, uuid4())


def test_a_link_needs_stimuli_and_an_allowed_purpose(owner: User) -> None:
    project = ProjectFactory.create(owner=owner, purpose="workplace")
    with pytest.raises(RequestError) as refused:
        make_link(project, owner)
    assert refused.value.code == "no_stimuli"
    StimulusFactory.create(project=project)
    with pytest.raises(RequestError) as refused:
        make_link(project, owner)
    assert refused.value.code == "purpose_forbidden"
    PurposeRule.objects.create(purpose="workplace", allowed=True)
    assert make_link(project, owner).closed_at is None


def test_the_owners_quota_applies(link: CollectionLink, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(quota_bytes=100)
    with pytest.raises(RequestError) as refused:
        send(begin(link))
    assert refused.value.code == "quota_bytes"
    assert quota.used_bytes(owner) == 0


def test_a_session_has_one_upload(link: CollectionLink, owner: User) -> None:
    session = send(send(begin(link)))
    assert owner.uploads.count() == 1
    assert session.upload == owner.uploads.get()


def test_an_erased_recording_takes_its_session_and_a_deleted_participant_what_was_sent(
    link: CollectionLink, owner: User
) -> None:
    recording, other = finish(send(begin(link))), send(begin(link, "P08"))
    analyses.erase(recording=recording, by=owner)
    assert CollectionSession.objects.get() == other
    participants.delete_participant(participant=other.participant, by=owner)
    assert not CollectionSession.objects.exists()
    assert not owner.uploads.exists()


def test_a_deleted_project_leaves_the_recording_and_what_was_agreed_to(link: CollectionLink) -> None:
    finish(send(begin(link)))
    link.project.delete()
    assert Recording.objects.get().consent_text.startswith(TEXT)
    assert not CollectionLink.objects.exists()


def test_merging_participants_keeps_who_has_finished(link: CollectionLink, owner: User) -> None:
    session, into = begin(link), ParticipantFactory.create(project=link.project)
    participants.merge_participants(participant=session.participant, into=into, by=owner)
    session.refresh_from_db()
    assert session.participant == into


def test_the_owners_data_hold_links_and_sessions_without_secrets(link: CollectionLink, owner: User) -> None:
    session = begin(link)
    study = next(iter(on_exporting_account(user=owner))).data
    assert isinstance(study, dict)
    assert study["collection_links"][0]["consent_text"] == TEXT
    assert study["collection_sessions"][0]["participant__code"] == "P07"
    assert study["collection_sessions"][0]["stimuli"] == session.stimuli
    assert link.digest not in str(study)
