"""The demonstration study: what is planted in it is found, and nothing else."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from inference.timeline.measures import measure
from inference.timeline.readings import machine_readings
from inference.types import EMOTIONS, MediaInfo
from tests.webapp.factories import ProjectFactory
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.recordings.models import Project, Recording
from webapp.storage import media
from webapp.studies.demonstration import study
from webapp.studies.demonstration.simulation import (
    EFFECT,
    MODEL,
    PLANTED,
    UNPLANTED,
    simulate_person,
    simulate_timeline,
)
from webapp.studies.models import Marker
from webapp.studies.statistics.permutation import permutation_test

SEEDS, LEVEL = 20, 0.05
MAX_FALSE = 3  # of 20 at a level of 0.05; more happen in one of 60 such series
INFO = MediaInfo(24.0, 640, 480, 25.0, True, True, "0" * 64)


def p_values(seed: int) -> dict[str, float]:
    """The p value of the mean probability of each of the two labels, funny against plain, within 12 participants."""
    rng = np.random.default_rng(seed)
    values: dict[str, list[list[float]]] = defaultdict(lambda: [[], []])
    for _ in range(study.PARTICIPANTS):
        person = simulate_person(rng)
        for index, own in enumerate((EFFECT, 0.0)):
            timeline = simulate_timeline(INFO, person, study.STIMULUS, rng, effect=own)
            mean = measure(machine_readings(timeline), *study.STIMULUS).mean_probability
            for label in (PLANTED, UNPLANTED):
                values[label][index].append(float(mean[EMOTIONS.index(label)]))
    return {
        label: permutation_test([np.array(own) for own in both], paired=True, seed=seed).p
        for label, both in values.items()
    }


@pytest.mark.slow
def test_what_is_planted_is_found_and_what_is_not_only_at_the_nominal_rate() -> None:
    found = [p_values(seed) for seed in range(SEEDS)]
    assert all(p[PLANTED] < LEVEL for p in found)
    assert sum(p[UNPLANTED] < LEVEL for p in found) <= MAX_FALSE
    assert np.mean([p[UNPLANTED] for p in found]) > 0.3


@pytest.fixture
def project(owner: User) -> Project:
    return study.create_demonstration(owner=owner)


def test_the_study_is_complete(project: Project, owner: User) -> None:
    assert "simulated" in project.name and "simulated" in project.description
    assert project.participants.count() == study.PARTICIPANTS
    recordings = list(project.recordings.prefetch_related("files"))
    assert len(recordings) == 2 * study.PARTICIPANTS
    for recording in recordings:
        assert "simulated" in recording.title and recording.participant
        analysis = recording.analyses.get()
        assert (analysis.status, analysis.model_name) == (Analysis.Status.SUCCEEDED, MODEL.name)
        assert analysis.notice.startswith("Simulated")
        timeline = selectors.published_timeline(analysis)
        assert timeline.segments[-1].end_s == pytest.approx(recording.duration_s, abs=1e-3)
        with recording.inputs() as inputs:
            assert inputs.video.stat().st_size == recording.bytes
        kinds = [marker.kind for marker in recording.markers.order_by("start_s")]
        assert kinds[:2] == [Marker.Kind.BASELINE, Marker.Kind.STIMULUS]
        assert recording.variable_values.get().text in recording.title
    assert Marker.objects.filter(kind=Marker.Kind.EXCLUDE).count() == 2


def test_no_model_is_said_to_have_read_it(project: Project, owner: User) -> None:
    client = Client()
    client.force_login(owner)
    page = client.get(f"/analyses/{project.recordings.first().analyses.get().pk}/").content.decode()  # type: ignore[union-attr]
    assert "simulated, version 1" in page and "/models/simulated/" not in page
    assert "Nobody was analysed" in page


def test_a_seed_gives_the_same_study_again(owner: User) -> None:
    means = []
    for seed in (1, 1, 2):
        study.create_demonstration(owner=owner, seed=seed)
        means.append([one.mean_probability for one in Analysis.objects.order_by("recording__title")])
        Project.objects.all().delete()
        Recording.objects.all().delete()
    assert means[0] == means[1] != means[2]


def test_the_command_refuses_what_cannot_be_and_leaves_nothing(owner: User, capsys: Any) -> None:
    with pytest.raises(CommandError, match="no account nobody"):
        call_command("demo_study", "nobody")
    ProjectFactory.create(owner=owner, name=study.PROJECT_NAME)
    with pytest.raises(CommandError, match="Choose another name"):
        call_command("demo_study", owner.username)
    assert not Recording.objects.exists()
    assert [path for path in media.root().rglob("*") if path.is_file()] == []
    Project.objects.all().delete()
    call_command("demo_study", owner.username)
    assert study.PROJECT_NAME in capsys.readouterr().out
