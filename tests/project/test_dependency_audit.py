"""`make audit` never takes a package that it could not look up for a safe one; `make sbom` leaves none out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.test_locks import pinned
from webapp.core import paths

DEPLOY = paths.PROJECT / "deploy"
BIN = Path(sys.executable).parent
LOCKED = f"six==1.17.0 --hash=sha256:{'0' * 64}\n"
NOT_AUDITED = "error: not audited: the vulnerability service cannot be reached"


def audit(program: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "a.lock").write_text(LOCKED)
    return subprocess.run(
        [DEPLOY / "audit.sh", program, folder / "a.lock"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def answering(folder: Path, lines: str) -> Path:
    """A pip-audit that does what the shell's `lines` say."""
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    return program


def test_nothing_known_is_a_success(tmp_path: Path) -> None:
    done = audit(answering(tmp_path, "echo No known vulnerabilities found >&2"), tmp_path)
    assert (done.returncode, done.stdout) == (0, "No known vulnerabilities found\n")


def test_what_is_known_is_shown(tmp_path: Path) -> None:
    found = "echo Found 1 known vulnerability in 1 package >&2; echo six 1.17.0 CVE-2026-1; exit 1"
    done = audit(answering(tmp_path, found), tmp_path)
    assert done.returncode == 1 and "CVE-2026-1" in done.stdout and not done.stderr


@pytest.mark.slow
def test_a_service_that_cannot_be_reached_is_no_success(tmp_path: Path) -> None:
    done = audit(BIN / "pip-audit", tmp_path, HTTPS_PROXY="http://127.0.0.1:9")
    assert done.returncode == 2 and not done.stdout
    assert NOT_AUDITED in done.stderr


def test_a_package_that_the_service_does_not_know_is_no_success(tmp_path: Path) -> None:
    skip = 'case "$*" in *--strict*) echo "ERROR: six: could not be audited" >&2; exit 1;; esac'
    done = audit(answering(tmp_path, skip), tmp_path)
    assert done.returncode == 2 and NOT_AUDITED in done.stderr


@pytest.mark.extended
def test_the_bill_of_materials_has_every_package(tmp_path: Path) -> None:
    subprocess.run([DEPLOY / "sbom.sh", BIN / "cyclonedx-py", tmp_path], capture_output=True, check=True)
    for image in ("", "-cuda"):
        bill = json.loads((tmp_path / f"sbom{image}.json").read_text())
        assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "emotrace")
        listed = {(each["name"], each["version"].removesuffix("+cpu")) for each in bill["components"]}
        assert listed >= pinned(f"requirements{image}.lock")
