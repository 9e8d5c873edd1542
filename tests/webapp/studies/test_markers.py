"""Markers: created, replaced, changed, applied as template and copied; what does not fit stores nothing."""

from typing import Any

import pytest

from tests.webapp.factories import DURATION_S, MarkerFactory, ProjectFactory, RecordingFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import Recording
from webapp.studies import markers, selectors
from webapp.studies.markers import NewMarker
from webapp.studies.models import Marker

Kind = Marker.Kind


@pytest.fixture
def recording(owner: User) -> Recording:
    return RecordingFactory.create(owner=owner, project=ProjectFactory.create(owner=owner), title="First clip")


def created(recording: Recording, *new: NewMarker) -> list[Marker]:
    return markers.create_markers(by=recording.owner, source="person", markers={recording: new})


def described(recording: Recording) -> list[tuple[Any, ...]]:
    rows = selectors.markers_on(recording)
    return [(row.start_s, row.end_s, row.kind, row.name, row.source) for row in rows]


def test_they_come_in_their_order(recording: Recording) -> None:
    created(recording, NewMarker(5, 5, name="laugh"), NewMarker(0, 2.00049, Kind.BASELINE))
    assert described(recording) == [(0.0, 2.0, "baseline", "", "person"), (5.0, 5.0, "event", "laugh", "person")]


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        (NewMarker(9, 11, name="late"), "Marker 2 “late” of “First clip”, 9.000 to 11.000 s, is outside"),
        (NewMarker(-1, 1), "is outside of the recording, which has 10.000 s"),
        (NewMarker(3, 2), "ends before it begins"),
        (NewMarker(3, 3, Kind.EXCLUDE), "has no length"),
        (NewMarker(float("nan"), 3), "is no number"),
    ],
)
def test_one_outside_of_the_recording_stops_all(recording: Recording, marker: NewMarker, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        created(recording, NewMarker(0, 1), marker)
    assert refused.value.code == "marker_range"
    assert says in refused.value.message
    assert not Marker.objects.exists()


def test_exclusions_do_not_overlap_and_others_may(recording: Recording) -> None:
    created(recording, NewMarker(1, 4, Kind.EXCLUDE), NewMarker(4, 5, Kind.EXCLUDE), NewMarker(0, 9, Kind.EVENT))
    with pytest.raises(RequestError) as refused:
        created(recording, NewMarker(4.5, 6, Kind.EXCLUDE))
    assert refused.value.code == "marker_overlap"
    assert "4.000 to 5.000 s and 4.500 to 6.000 s" in refused.value.message
    marker = recording.markers.get(kind=Kind.EVENT)
    with pytest.raises(RequestError):
        markers.update_marker(marker=marker, by=recording.owner, kind=Kind.EXCLUDE)
    assert recording.markers.filter(kind=Kind.EXCLUDE).count() == 2


def test_a_name_links_to_the_stimulus_of_the_project(recording: Recording) -> None:
    stimulus = StimulusFactory.create(project=recording.project, name="Advert", length_s=4)
    StimulusFactory.create(name="Elsewhere")
    found = created(recording, NewMarker(0, 4, name="advert"), NewMarker(5, 6, name="Elsewhere"))
    assert [(marker.kind, marker.stimulus) for marker in found] == [("stimulus", stimulus), ("event", None)]
    assert created(recording, NewMarker(0, 4, Kind.EVENT, "Advert"))[0].stimulus is None


def test_a_stimulus_is_not_longer_than_the_recording(recording: Recording) -> None:
    StimulusFactory.create(project=recording.project, name="Long", length_s=DURATION_S + 1)
    with pytest.raises(RequestError) as refused:
        created(recording, NewMarker(0, 4, name="Long"))
    assert refused.value.code == "stimulus_length"
    assert "“Long” has 11.000 s and recording “First clip” only 10.000 s" in refused.value.message


def test_a_recording_has_not_more_than_allowed(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markers, "MAX_MARKERS", 2)
    created(recording, NewMarker(0, 1), NewMarker(1, 2))
    with pytest.raises(RequestError) as refused:
        created(recording, NewMarker(2, 3))
    assert refused.value.code == "study_limit"


def test_replacing_keeps_what_is_the_same(recording: Recording) -> None:
    kept = MarkerFactory.create(recording=recording, name="kept", source="import:csv")
    MarkerFactory.create(recording=recording, name="gone")
    new = [NewMarker(1, 2, Kind.EVENT, "kept"), NewMarker(1, 2, Kind.EVENT, "kept"), NewMarker(3, 4, name="new")]
    found = markers.replace_markers(recording=recording, by=recording.owner, markers=new)
    assert [(marker.name, marker.source) for marker in found].count(("kept", "import:csv")) == 1
    assert sorted(marker.name for marker in found) == ["kept", "kept", "new"]
    assert kept in found
    with pytest.raises(RequestError):
        markers.replace_markers(recording=recording, by=recording.owner, markers=[NewMarker(0, 99)])
    assert recording.markers.count() == 3


def test_one_is_changed_and_deleted(recording: Recording) -> None:
    marker = MarkerFactory.create(recording=recording, source="template")
    markers.update_marker(marker=marker, by=recording.owner, end_s=3, name="longer")
    assert described(recording) == [(1.0, 3.0, "event", "longer", "template")]
    with pytest.raises(RequestError):
        markers.update_marker(marker=marker, by=recording.owner, end_s=0.5)
    markers.delete_marker(marker=marker, by=recording.owner)
    assert not Marker.objects.exists()


def test_a_template_is_applied_to_many(recording: Recording, owner: User) -> None:
    other = RecordingFactory.create(owner=owner, title="Second clip")
    template = [NewMarker(0, 1, Kind.BASELINE), NewMarker(1, 3, name="task")]
    markers.apply_template(recordings=[recording, other], by=owner, template=template)
    assert (
        described(recording)
        == described(other)
        == [
            (0.0, 1.0, "baseline", "", "template"),
            (1.0, 3.0, "event", "task", "template"),
        ]
    )


def test_a_template_may_count_from_a_marker(recording: Recording, owner: User) -> None:
    other = RecordingFactory.create(owner=owner, title="Second clip")
    MarkerFactory.create(recording=recording, start_s=4, end_s=4, name="Beep")
    with pytest.raises(RequestError) as refused:
        markers.apply_template(recordings=[recording, other], by=owner, template=[NewMarker(0, 1)], anchor="beep")
    assert (refused.value.code, refused.value.field) == ("marker_anchor", "anchor")
    assert "“Second clip” has no markers called “beep”" in refused.value.message
    assert recording.markers.count() == 1
    (made,) = markers.apply_template(recordings=[recording], by=owner, template=[NewMarker(-1, 2)], anchor="beep")
    assert (made.start_s, made.end_s) == (3, 6)


def test_copies_go_to_other_recordings_and_one_that_is_too_short_stops_all(recording: Recording, owner: User) -> None:
    MarkerFactory.create(recording=recording, start_s=6, end_s=7)
    long, short = (RecordingFactory.create(owner=owner, duration_s=length) for length in (20, 6.5))
    with pytest.raises(RequestError) as refused:
        markers.copy_markers(recording=recording, to=[long, short], by=owner)
    assert refused.value.code == "marker_range"
    assert not long.markers.exists()
    markers.copy_markers(recording=recording, to=[long], by=owner)
    assert described(long) == [(6.0, 7.0, "event", "", "template")]
