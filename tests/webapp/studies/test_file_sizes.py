"""What the tab of files says of sizes, against the files."""

from pathlib import Path

import pytest

from tests.webapp.factories import UserFactory, published
from webapp.analyses.models import WindowScore
from webapp.recordings.models import Project
from webapp.studies.bids import bids_archive
from webapp.studies.demonstration.study import create_demonstration
from webapp.studies.models import Marker
from webapp.studies.table.columns import Unit
from webapp.studies.table.file_sizes import FileSizes, file_sizes
from webapp.studies.table.files import CSV, PARQUET, Table
from webapp.studies.templatetags.studies import about_size

TOLERANCE = 0.2


@pytest.fixture
def study(media_root: Path, db: None) -> Project:
    return create_demonstration(owner=UserFactory.create())


def sizes(project: Project) -> FileSizes:
    return file_sizes(project, len(Table(project, Unit.RECORDING, own=True).columns))


@pytest.mark.slow
@pytest.mark.parametrize("with_baselines", [True, False])
def test_estimates_are_near_the_files(study: Project, with_baselines: bool) -> None:
    if not with_baselines:
        Marker.objects.filter(kind=Marker.Kind.BASELINE).delete()
    estimated = sizes(study)
    assert estimated.baselines == with_baselines
    for unit in Unit:
        table = Table(study, unit, own=True)
        for format in (CSV, PARQUET):
            size = sum(map(len, table.write(format)))
            assert estimated.table_bytes(unit, format) == pytest.approx(size, rel=TOLERANCE), (unit, format)
    assert estimated.bids_bytes() == pytest.approx(sum(map(len, bids_archive(study))), rel=TOLERANCE)


@pytest.mark.slow
def test_a_persons_baseline_counts_for_all_of_their_recordings(study: Project) -> None:
    marked = Marker.objects.filter(kind=Marker.Kind.BASELINE)
    kept = [marked.filter(recording__participant=each)[0].pk for each in study.participants.all()[:6]]
    marked.exclude(pk__in=kept).delete()
    assert sizes(study).baselines == 0.5


@pytest.mark.django_db
def test_models_with_fewer_labels_have_smaller_rows() -> None:
    analysis = published("happy", "sad", recording__project=None)
    project = Project.objects.create(owner=analysis.recording.owner, name="Adverts")
    assert sizes(project).bids_bytes() == 0
    analysis.recording.project = project
    analysis.recording.save()
    found = sizes(project)
    assert found.labels == len(analysis.labels)
    assert found.rows[Unit.WINDOW] == WindowScore.objects.count()
    fewer = FileSizes(found.rows, found.columns, found.labels - 3, found.baselines)
    assert fewer.table_bytes(Unit.WINDOW, CSV) < found.table_bytes(Unit.WINDOW, CSV)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "about 0 kB"), (740, "about 0.74 kB"), (57_234_000, "about 57 MB"), (1_260_000_000, "about 1.3 GB")],
)
def test_sizes_have_two_digits(size: int, text: str) -> None:
    assert about_size(size) == text
