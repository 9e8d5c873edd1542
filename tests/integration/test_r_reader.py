"""The R reader against a server that runs, where R is installed: its data frame is that of the Python client."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from emotrace_client import Client

from tests.conftest import application
from tests.integration.web import Web
from tests.webapp.factories import ParticipantFactory
from tests.webapp.studies.studies import drifting_timeline, mark, read, study
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.studies.table.columns import Kind, Unit
from webapp.studies.table.files import Table

READER = Path(__file__).resolve().parents[2] / "clients/r/emotrace.R"
CODE = """
given <- commandArgs(TRUE)
source(given[1])
table <- emotrace_table(given[2], token = given[3], project = given[4], unit = given[5], model = given[6])
write.csv(data.frame(name = names(table), class = sapply(table, class)), "classes.csv", row.names = FALSE)
write.csv(table, "table.csv", row.names = FALSE, na = "")
"""
CLASSES = {Kind.TEXT: "character", Kind.NUMBER: "numeric", Kind.BOOLEAN: "logical"}

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="There is no R: apt-get install r-base-core"),
]


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with application() as start:
        yield Web(start)


@pytest.fixture
def owner(django_user_model: Any, transactional_db: None) -> User:
    user: User = django_user_model.objects.create_user(username="researcher")
    return user


@pytest.fixture
def secret(owner: User) -> str:
    return create_token(user=owner, name="test")[1]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["Rscript", "--vanilla", "-e", CODE, str(READER), *arguments]
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("unit", ["recording", "marker", "segment", "window"])
def test_its_data_frame_is_that_of_the_python_client(
    web: Web, owner: User, secret: str, tmp_path: Path, unit: str
) -> None:
    project = study(participants=2, owner=owner)
    someone = ParticipantFactory.create(project=project, code="007")
    mark(read(project, someone, drifting_timeline(1), title='Größe "eins", NA'), "event", 1.0, 4.0, name="NA")
    done = run(tmp_path, web.base, secret, str(project.pk), unit, "")
    assert done.returncode == 0, done.stderr
    with Client(web.base, secret) as client:
        expected = client.table(str(project.pk), unit=unit)
    classes = dict(pd.read_csv(tmp_path / "classes.csv").itertuples(index=False))
    columns = Table(project, Unit.RECORDING, own=True).columns
    assert classes == {column.name: CLASSES[column.kind] for column in columns}
    numbers = [name for name, kind in classes.items() if kind == "numeric"]
    texts = [name for name, kind in classes.items() if kind == "character"]
    found = pd.read_csv(tmp_path / "table.csv", dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values=[""])
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found[numbers].astype(float), expected[numbers].astype(float), rtol=1e-12)
    assert found[texts].fillna("").to_numpy().tolist() == expected[texts].fillna("").to_numpy().tolist()
    assert {"007", "P00"} <= set(found["participant"])
    assert 'Größe "eins", NA' in set(found["recording"])


@pytest.mark.usefixtures("transactional_db")
def test_a_refusal_is_an_error_with_its_status(web: Web, owner: User, secret: str, tmp_path: Path) -> None:
    project = str(study(participants=1, owner=owner).pk)
    done = run(tmp_path, web.base, "wrong", project, "recording", "")
    assert done.returncode != 0
    assert "401 Unauthorized" in done.stderr
    assert run(tmp_path, web.base, secret, project, "recording", "nobody").returncode == 0
    assert len(pd.read_csv(tmp_path / "table.csv")) == 0
