"""The production shape is one that can start: every command, queue, variable and file that it names is there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from compose_spec.models import ComposeSpecification, Service
from django.conf import settings

from tests.project.compose import load
from webapp.core import paths

FILES = ["docker-compose.yml", "docker-compose.tls.yml", "docker-compose.s3.yml", "docker-compose.sealed.yml"]
COMPOSE = load(FILES[0])
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("emotrace")}
WORKERS = {name: shlex.split(each["command"]) for name, each in OURS.items() if "--queues" in each["command"]}
BASES = re.findall(r"^FROM (\S+:\S+) AS", (paths.PROJECT / "Dockerfile").read_text(), re.M)
THEIRS = [each["image"] for name, each in SERVICES.items() if name not in OURS] + BASES
READ = re.compile(r"""(?:env\.\w+|environ\.get|getenv)\(\s*["'](\w+)["']""")


def settings_read() -> set[str]:
    """Every environment variable that the application asks for."""
    sources = [path for folder in ("webapp", "inference") for path in (paths.PROJECT / folder).rglob("*.py")]
    return {name for path in sources for name in READ.findall(path.read_text())}


@pytest.mark.parametrize("name", FILES)
def test_it_follows_the_specification(name: str) -> None:
    found = load(name)
    ComposeSpecification.model_validate(found)
    known = {field.alias or name for name, field in Service.model_fields.items()}
    for service in found["services"].values():
        assert set(service) <= known


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.parametrize("command", sorted({each["command"] for each in OURS.values()}))
def test_each_command_starts(command: str) -> None:
    program, *arguments = shlex.split(command)
    modules = {"python": [], "celery": ["-m", "celery"], "gunicorn": ["-m", "gunicorn"]}
    check = "--check-config" if program == "gunicorn" else "--help"
    done = subprocess.run(
        [sys.executable, *modules[program], *arguments, check],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_each_queue_has_a_worker() -> None:
    served = {queue for words in WORKERS.values() for queue in words[words.index("--queues") + 1].split(",")}
    assert served == {queue.name for queue in settings.CELERY_TASK_QUEUES}


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", OURS)
def test_each_variable_is_one_that_settings_read(file: str, name: str) -> None:
    given = set(load(file)["services"].get(name, {}).get("environment", {}))
    assert given <= settings_read() | {f"{each}_FILE" for each in settings_read()}


@pytest.mark.parametrize("file", ["docker-compose.s3.yml", "docker-compose.sealed.yml"])
def test_where_media_lie_every_process_knows(file: str) -> None:
    assert set(load(file)["services"]) == set(OURS)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_kept_small(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert name == "postgres" or service["cap_drop"] == ["ALL"]
    assert name == "proxy" or "ports" not in service, "only the proxy is reached from outside"
    assert "healthcheck" in service or service["restart"] == "no"


@pytest.mark.parametrize("image", THEIRS)
def test_each_image_is_named_by_its_exact_version_and_digest(image: str) -> None:
    name, _, version = image.partition(":")
    exact = r"\d+\.\d+" if name == "postgres" else r"\d+\.\d+\.\d+"  # PostgreSQL has no third number
    assert re.fullmatch(rf"{exact}-[a-z-]+@sha256:[0-9a-f]{{64}}", version)


def digests(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/pin_images.sh on a copy of the files in `folder`, with a registry that has `answer` for every tag."""
    (folder / "deploy").mkdir()
    for name in ("docker-compose.yml", "Dockerfile", "deploy/pin_images.sh"):
        shutil.copy(paths.PROJECT / name, folder / name)
    (folder / "docker").write_text(f"#!/bin/sh\necho {answer}\n")
    (folder / "docker").chmod(0o755)
    return subprocess.run(
        [folder / "deploy" / "pin_images.sh"],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_new_digests_are_written_where_the_old_ones_were(tmp_path: Path) -> None:
    new = f"sha256:{'5' * 64}"
    done = digests(tmp_path, new)
    expected = sorted(re.sub(r"sha256:\w+", new, image) for image in THEIRS)
    assert (done.returncode, done.stdout.split()) == (0, expected)
    written = (tmp_path / "docker-compose.yml").read_text() + (tmp_path / "Dockerfile").read_text()
    assert sorted(re.findall(r"\S+@sha256:\w+", written)) == expected


def test_without_an_answer_the_digests_stay(tmp_path: Path) -> None:
    done = digests(tmp_path, "")
    assert done.returncode == 1 and "error: the registry gives no digest" in done.stderr
    for name in ("docker-compose.yml", "Dockerfile"):
        assert (tmp_path / name).read_text() == (paths.PROJECT / name).read_text()


def test_no_secret_stands_in_the_files() -> None:
    for name in ("Dockerfile", *FILES):
        text = (paths.PROJECT / name).read_text()
        for secret in re.findall(r"^\s+(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)[:=]\s*(\S+)", text, re.M):
            assert secret[0].endswith("_FILE") and secret[1].startswith("/run/secrets/"), secret


@pytest.mark.parametrize("name", FILES)
def test_what_it_names_is_there(name: str) -> None:
    found = load(name)
    declared = {*COMPOSE["secrets"], *found["secrets"]}
    for service in found["services"].values():
        assert set(service.get("secrets", [])) <= declared
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (paths.PROJECT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


def test_the_image_gets_what_it_copies_and_nothing_more() -> None:
    kept = {line[1:] for line in (paths.PROJECT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied: set[str] = set()
    for line in (paths.PROJECT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY") and "--from" not in line:
            copied.update(line.split()[1:-1])
    assert copied == kept
    assert all((paths.PROJECT / each).exists() for each in copied)


def test_the_cpu_s_own_torch_is_in_the_image_for_the_cpu_alone() -> None:
    stages = re.split(r"^FROM ", (paths.PROJECT / "Dockerfile").read_text(), flags=re.M)
    packages = {name: each for each in stages for name in re.findall(r"\A\S+ AS packages-(\w+)", each)}
    assert {name for name, each in packages.items() if "whl/cpu" in each} == {"cpu"}
    images = {name: each for each in stages for name in re.findall(r"\Aapplication AS (\w+)", each)}
    assert images.keys() == packages.keys()
    for name, each in images.items():
        assert re.findall(r"--from=packages-(\w+)", each) == [name]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "Dockerfile"], cwd=paths.PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
