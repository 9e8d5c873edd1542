"""The BIDS derivatives of a project, judged by the official validator."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.webapp.factories import ParticipantFactory
from tests.webapp.studies.studies import DURATION_S, drifting_timeline, mark, read, study
from webapp.analyses.models import CorrectedTimeline
from webapp.recordings.models import Project
from webapp.studies.bids import bids_archive
from webapp.studies.models import Marker
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CSV, Table

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")

pytestmark = pytest.mark.django_db


def unpacked(project: Project, place: Path) -> Path:
    zipfile.ZipFile(io.BytesIO(b"".join(bids_archive(project)))).extractall(place)
    return place / "derivatives/emotrace"


@pytest.fixture
def project() -> Project:
    project = study(participants=2)
    # Codes that are the same but for what BIDS does not allow in a label, and a recording of nobody.
    for code in ("A-1", "A 1", "-=!"):
        analysis = read(project, ParticipantFactory.create(project=project, code=code), drifting_timeline(7))
    read(project, None, drifting_timeline(8), title='=1+1\t"x"')
    mark(analysis, Marker.Kind.EVENT, 3.0, 3.0, name="")
    CorrectedTimeline.objects.create(analysis=analysis, revision=1, segments=[[0.0, DURATION_S, "sad", ""]])
    return project


@pytest.mark.slow
def test_the_official_validator_accepts_the_tree(project: Project, tmp_path: Path) -> None:
    root = unpacked(project, tmp_path)
    command = [str(VALIDATOR), str(root), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.stdout, done.stderr.decode()
    found = json.loads(done.stdout)
    issues = found["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
    assert {issue["code"] for issue in issues} <= {"SIDECAR_KEY_RECOMMENDED", "TOO_FEW_AUTHORS", "JSON_KEY_RECOMMENDED"}
    assert found["summary"]["subjectMetadata"] and found["summary"]["totalFiles"] > 20


def test_windows_are_those_of_the_table(project: Project, tmp_path: Path) -> None:
    root = unpacked(project, tmp_path)
    table = pd.read_csv(io.BytesIO(b"".join(Table(project, Unit.WINDOW, own=True).write(CSV))))
    own = table[table["recording"] == "P00 1"]
    (file,) = root.glob("sub-P00/beh/*run-2_desc-windows_beh.tsv")
    windows = pd.read_csv(file, sep="\t", na_values="n/a")
    names = ["start_s", "mean_probability_happy", "relative_mean_probability_happy", "valence", "read_s"]
    pd.testing.assert_frame_equal(windows[names], own[names].reset_index(drop=True))
    assert set(json.loads(file.with_suffix(".json").read_text())) >= set(windows.columns)


def test_a_variable_called_code_hides_no_participant(project: Project, tmp_path: Path) -> None:
    project.variables.filter(name="condition").update(name="code")
    people = pd.read_csv(unpacked(project, tmp_path) / "participants.tsv", sep="\t", na_values="n/a")
    assert people.set_index("code").loc["P00", ["participant_id", "var_code"]].tolist() == ["sub-P00", "a"]


def test_people_and_markers_are_described(project: Project, tmp_path: Path) -> None:
    root = unpacked(project, tmp_path)
    people = pd.read_csv(root / "participants.tsv", sep="\t", na_values="n/a").set_index("code")
    assert people.loc["P00", ["participant_id", "condition", "age"]].tolist() == ["sub-P00", "a", 20.0]
    assert people["participant_id"].is_unique and len(people) == 6
    assert all((root / label / "beh").is_dir() for label in people["participant_id"])
    (events,) = root.glob("sub-P00/beh/*run-1_events.tsv")
    rows = pd.read_csv(events, sep="\t", na_values="n/a")
    assert rows["trial_type"].tolist() == ["baseline", "stimulus", "exclude"]
    assert rows["duration"].tolist() == [8.0, 12.0, 2.0]
    assert (tmp_path / "codebook.csv").read_text().startswith("column,type")
