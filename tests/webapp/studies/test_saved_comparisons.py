"""Comparisons are saved and deleted as a person did it, and never of recordings that are gone."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from tests.webapp.factories import ComparisonFactory, ProjectFactory, RecordingFactory
from webapp.accounts.models import User
from webapp.audit.models import Action, Entry
from webapp.core.errors import RequestError
from webapp.recordings.models import Project
from webapp.studies import comparisons
from webapp.studies.models import Comparison


@dataclass
class _Source:
    recording: str
    baseline_recordings: tuple[str, ...] = ()


@dataclass
class _Dot:
    sources: list[_Source]


@dataclass
class _Measure:
    dots: list[_Dot]


@dataclass
class _Basis:
    model: str = "a model"
    model_version: str = "1"


@dataclass
class _Result:
    """As much of a result as saving looks at."""

    measures: list[_Measure]
    left_out: list[Any] = field(default_factory=list)
    basis: _Basis = field(default_factory=_Basis)


@dataclass
class _Question:
    measures: tuple[str, ...] = ("mean_probability_happy",)
    factor: None = None
    factor_name: str = "stimulus"
    paired: bool = False
    baseline: bool = False


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


@pytest.fixture
def rests_on(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say which recordings the result rests on."""

    def say(*recordings: UUID) -> None:
        result = _Result([_Measure([_Dot([_Source(str(pk)) for pk in recordings])])])
        monkeypatch.setattr(comparisons, "compare", lambda *_: result)
        monkeypatch.setattr(comparisons, "encode", lambda _: {})

    return say


def save(project: Project) -> Comparison:
    question: Any = _Question()
    return comparisons.save(project=project, by=project.owner, name="Happier", question=question)


def test_saving_and_deleting_are_in_the_audit_log(project: Project, owner: User, rests_on: Any) -> None:
    rests_on(RecordingFactory.create(owner=owner, project=project).pk)
    saved = save(project)
    pk = str(saved.pk)
    comparisons.delete(comparison=saved, by=owner)
    entries = Entry.objects.filter(kind="comparison", object_id=pk, actor_id=owner.pk).order_by("pk")
    assert [entry.action for entry in entries] == [Action.COMPARISON_SAVED, Action.COMPARISON_DELETED]


def test_one_whose_recording_is_gone_meanwhile_is_not_saved(project: Project, owner: User, rests_on: Any) -> None:
    recording, moved = RecordingFactory.create_batch(2, owner=owner, project=project)
    rests_on(recording.pk, moved.pk)
    moved.project = None
    moved.save()
    with pytest.raises(RequestError) as refused:
        save(project)
    assert refused.value.code == "not_in_project"
    assert not Comparison.objects.exists()


def test_there_are_not_more_than_allowed(
    project: Project, owner: User, rests_on: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "MAX_COMPARISONS", 1)
    ComparisonFactory.create(project=project)
    rests_on(RecordingFactory.create(owner=owner, project=project).pk)
    with pytest.raises(RequestError) as refused:
        save(project)
    assert refused.value.code == "study_limit"
