"""Stimuli of an installation that had no order and no pictures of them."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.webapp.factories import ProjectFactory


@pytest.mark.django_db(transaction=True)
def test_stimuli_are_in_the_order_of_their_names_and_keep_their_videos() -> None:
    project, other = ProjectFactory.create_batch(2)
    executor = MigrationExecutor(connection)
    executor.migrate([("studies", "0003_collection")])
    before = executor.loader.project_state([("studies", "0003_collection")]).apps.get_model("studies", "Stimulus")
    for name, file in (("b", ""), ("A", "recordings/x/y.mp4"), ("c", "")):
        before.objects.create(project_id=project.pk, name=name, file=file, length_s=1)
    before.objects.create(project_id=other.pk, name="z", length_s=1)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    found = project.stimuli.order_by("position").values_list("name", "position", "medium")
    assert list(found) == [("A", 0, "video"), ("b", 1, "none"), ("c", 2, "none")]
    assert other.stimuli.get().position == 0
