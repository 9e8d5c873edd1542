"""The tidy table: one form for every unit and model, with the numbers that follow from the windows."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from inference.types import FaceView
from tests.webapp.factories import MarkerFactory, ParticipantFactory, ProjectFactory, VariableFactory
from tests.webapp.studies.studies import DURATION_S, LABELS, WINDOW_S, drifting_timeline, mark, read, study
from webapp.analyses.models import CorrectedTimeline
from webapp.recordings.models import Project, Tag
from webapp.studies.models import CollectionLink, CollectionSession, Marker
from webapp.studies.table.codebook import codebook
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CSV, PARQUET, Table

PROBABILITIES = [f"mean_probability_{label}" for label in LABELS]
RELATIVE = [f"relative_{name}" for name in PROBABILITIES]


def written(project: Project, unit: Unit, *, own: bool = True) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(b"".join(Table(project, unit, own=own).write(CSV))))


@pytest.mark.django_db
def test_the_columns_are_those_of_the_codebook_for_every_unit_and_format() -> None:
    project = study(participants=2)
    names = [column.name for column in Table(project, Unit.RECORDING, own=True).columns]
    for unit in Unit:
        table = Table(project, unit, own=True)
        assert list(written(project, unit).columns) == names
        parquet = pd.read_parquet(io.BytesIO(b"".join(table.write(PARQUET))))
        assert list(parquet.columns) == names
        assert set(parquet["unit"]) == {str(unit)}
    book = pd.read_csv(io.BytesIO(codebook(Table(project, Unit.MARKER, own=True).columns)))
    assert book["column"].dropna().tolist() == names
    assert book["description"].notna().all()
    assert "var_condition" in names and "var_age" in names


@pytest.mark.django_db
def test_a_recording_by_a_link_has_its_order_and_dropped_frames() -> None:
    project = study(participants=2)
    collected, other = project.recordings.order_by("created_at")[:2]
    link = CollectionLink.objects.create(project=project, digest="0", consent_text="We study faces.", random_order=True)
    assert collected.participant is not None
    CollectionSession.objects.create(
        link=link, participant=collected.participant, stimuli=[], recording=collected, dropped_frames=7
    )
    for recording, source in ((collected, "collected"), (other, "person")):
        recording.markers.all().delete()
        for name, start_s in (("first", 0), ("second", 5)):
            MarkerFactory.create(
                recording=recording, kind="stimulus", start_s=start_s, end_s=start_s + 4, source=source, name=name
            )
    rows = written(project, Unit.MARKER)
    of_collected = rows[rows["recording_id"] == str(collected.pk)].sort_values("start_s")
    assert of_collected["stimulus_order"].tolist() == [1, 2]
    assert set(of_collected["dropped_frames"]) == {7}
    assert rows.loc[rows["recording_id"] != str(collected.pk), ["stimulus_order", "dropped_frames"]].isna().all().all()


@pytest.mark.django_db
def test_another_model_adds_its_own_labels_behind_the_others() -> None:
    project = study(participants=2)
    before = [column.name for column in Table(project, Unit.RECORDING, own=True).columns]
    labels = ("neutral", "bored")
    read(project, None, drifting_timeline(5, labels=labels), model_name="other", model_version="7")
    found = written(project, Unit.RECORDING)
    assert [name for name in found.columns if "bored" not in name] == before
    row = found[found["model"] == "other"].iloc[0]
    assert row[["mean_probability_neutral", "mean_probability_bored"]].sum() == pytest.approx(1)
    assert row[["mean_probability_happy", "valence", "participant", "var_condition"]].isna().all()
    assert len(written(project, Unit.WINDOW)) > 0


@pytest.mark.django_db
def test_windows_are_raw_and_relative_to_the_mean_log_odds_of_the_baseline() -> None:
    project = study(participants=2)
    found = written(project, Unit.WINDOW)
    for _, own in found.groupby("recording_id"):
        middle = (own["start_s"] + own["end_s"]) / 2
        excluded = (middle >= 20) & (middle < 22)
        assert own.loc[excluded, PROBABILITIES].isna().all().all() and (own.loc[excluded, "read_s"] == 0).all()
        odds = logit(own[PROBABILITIES].to_numpy())
        shares = expit(odds - odds[middle <= 8].mean(axis=0))
        expected = shares / shares.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(own[RELATIVE].to_numpy(), expected, atol=1e-9)
    known = found[found["read_s"] > 0]
    np.testing.assert_allclose(known["valence"], known["mean_probability_happy"] - known["mean_probability_sad"])
    assert set(known["agreement"]) == {0.0, 1.0} and set(found["reader"]) == {"machine"}


@pytest.mark.django_db
def test_recordings_and_markers_are_the_windows_averaged_on_the_grid() -> None:
    project = study(participants=2)
    windows, recordings, markers = (written(project, unit) for unit in (Unit.WINDOW, Unit.RECORDING, Unit.MARKER))
    for table, start_s, end_s in ((recordings, 0.0, DURATION_S), (markers[markers["marker"] == "advert"], 12.0, 24.0)):
        for _, row in table.iterrows():
            own = windows[windows["recording_id"] == row["recording_id"]]
            raw = drifting_timeline_of(row["recording"])
            middles = (own["start_s"] + own["end_s"]).to_numpy() / 2
            cells = np.arange(0.1, DURATION_S, 0.2)
            weights = np.clip(0.5 - np.abs(cells[:, None] - middles) / WINDOW_S, 0, None)
            covered = (weights > 0).any(axis=1) & (cells > start_s) & (cells < end_s) & ~((cells > 20) & (cells < 22))
            means = (weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)) @ raw
            np.testing.assert_allclose(row[PROBABILITIES].astype(float), means[covered].mean(axis=0), atol=1e-5)
            assert row["read_s"] == pytest.approx(0.2 * covered.sum())
    assert set(markers["marker_kind"]) == {"baseline", "stimulus"}


def drifting_timeline_of(title: str) -> np.ndarray:
    code, session = title.split()
    number = int(code[1:])
    timeline = drifting_timeline(10 * number + int(session), happier=3.0 if number % 2 == 0 else 0.0)
    return np.array([window.probabilities for window in timeline.windows])


@pytest.mark.django_db
def test_a_correction_has_rows_of_its_own_reader() -> None:
    project = ProjectFactory.create()
    analysis = read(project, None, drifting_timeline(1))
    CorrectedTimeline.objects.create(
        analysis=analysis, revision=1, segments=[[0.0, 9.0, "sad", ""], [9.0, DURATION_S, "happy", ""]]
    )
    mark(analysis, Marker.Kind.EXCLUDE, 0.0, 3.0)
    found = written(project, Unit.RECORDING).set_index("reader")
    assert found.loc["person", PROBABILITIES].tolist() == pytest.approx([0.0, 21 / 27, 6 / 27])
    assert found.loc["person", "read_s"] == pytest.approx(27.0)
    assert found.loc["machine", "read_s"] < 27.0
    assert np.isnan(found.loc["person", "relative_mean_probability_happy"])
    segments = written(project, Unit.SEGMENT)
    person = segments[segments["reader"] == "person"]
    assert person["label"].tolist() == ["sad", "happy"] and person["confidence"].isna().all()
    assert person["time_share_happy"].tolist() == [0.0, 1.0]


@pytest.mark.django_db
def test_a_baseline_in_another_recording_of_the_person_counts() -> None:
    project = ProjectFactory.create()
    anna, berta = (ParticipantFactory.create(project=project) for _ in range(2))
    rest = read(project, anna, drifting_timeline(1), title="rest")
    mark(rest, Marker.Kind.BASELINE, 0.0, 8.0)
    read(project, anna, drifting_timeline(2), title="talk")
    read(project, berta, drifting_timeline(3), title="other")
    found = written(project, Unit.WINDOW)
    resting = found[(found["recording"] == "rest") & ((found["start_s"] + found["end_s"]) / 2 <= 8)]
    baseline = logit(resting[PROBABILITIES].to_numpy()).mean(axis=0)
    talk = found[found["recording"] == "talk"]
    shares = expit(logit(talk[PROBABILITIES].to_numpy()) - baseline)
    np.testing.assert_allclose(talk[RELATIVE], shares / shares.sum(axis=1, keepdims=True), atol=1e-9)
    assert found.loc[found["recording"] == "other", RELATIVE].isna().all().all()


@pytest.mark.django_db
def test_texts_are_defused_numbers_are_not_and_tags_are_the_owners() -> None:
    project = ProjectFactory.create(name="=1+1")
    VariableFactory.create(project=project, name="=cmd")
    analysis = read(project, ParticipantFactory.create(project=project, code="@x"), drifting_timeline(1), title="-1, 2")
    analysis.recording.tags.add(Tag.objects.create(owner=project.owner, name="pilot"))
    text = b"".join(Table(project, Unit.RECORDING, own=True).write(CSV)).decode()
    assert "'=1+1" in text and "'-1, 2" in text and "'@x" in text
    assert '"var_=cmd"' in text.splitlines()[0]
    assert (written(project, Unit.WINDOW)["valence"] < 0).any()
    assert written(project, Unit.RECORDING)["tags"].tolist() == ["pilot"]
    assert written(project, Unit.RECORDING, own=False)["tags"].isna().all()


@pytest.mark.django_db
def test_quality_says_what_the_measures_rest_on() -> None:
    project = study(participants=2)
    found = written(project, Unit.RECORDING)
    assert (found["face_share"] == 1.0).all() and (found["voice_share"] == 0.5).all()
    assert found["face_size"].tolist() == pytest.approx([24 / 64] * 4)
    assert found["mean_confidence"].between(0.3, 1).all()
    assert found[["frontal_share", "several_people"]].isna().all().all()
    views = (FaceView(frontal=True, people=2), FaceView(frontal=False, people=None))
    seen = drifting_timeline(7)
    assert seen.faces is not None
    read(project, None, replace(seen, faces=replace(seen.faces, views=views)), title="Seen")
    row = written(project, Unit.RECORDING).set_index("recording").loc["Seen"]
    assert (row["frontal_share"], row["several_people"]) == (0.5, True)


@pytest.mark.django_db
def test_a_model_can_be_asked_for_and_a_project_may_be_empty() -> None:
    project = study(participants=2)
    read(project, None, replace(drifting_timeline(5)), model_name="other", model_version="7")
    for model, count in (("other", 1), ("other@7", 1), ("other@8", 0), ("", 5)):
        table = Table(project, Unit.RECORDING, own=True, model=model)
        assert len(pd.read_csv(io.BytesIO(b"".join(table.write(CSV))))) == count
    empty = written(ProjectFactory.create(), Unit.WINDOW)
    assert len(empty) == 0 and "mean_probability_happy" in empty.columns
