"""The lock files say of every package which version and which files are installed, and nothing else is."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from webapp.core import paths

LOCKS = ["requirements.lock", "requirements-cuda.lock", "requirements-dev.lock"]
PINNED = re.compile(r"^([\w.-]+)(?:\[\w,]+\])?==([\w.]+)(\+cpu)?", re.M)
WITH_CUDA = re.compile(r"^(?:nvidia|cuda|triton)", re.M)


def text(name: str) -> str:
    return (paths.PROJECT / name).read_text()


def pinned(name: str) -> set[tuple[str, str]]:
    """The packages that a file names, each with its version."""
    return {(re.sub(r"[-_.]+", "-", package.lower()), version) for package, version, _ in PINNED.findall(text(name))}


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements.lock", "requirements.txt"),
        ("requirements-cuda.lock", "requirements.txt"),
        ("requirements-dev.lock", "requirements-dev.txt"),
    ],
)
def test_every_requirement_is_locked_in_its_version(lock: str, requirements: str) -> None:
    assert pinned(requirements)
    assert pinned(requirements) <= pinned(lock), "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes_and_no_place_of_its_own(lock: str) -> None:
    blocks = re.split(r"^(?=\w)", text(lock), flags=re.M)[1:]
    assert blocks and all(PINNED.match(each) and "--hash=sha256:" in each for each in blocks)
    assert not re.search(r"https?://|^-|^\S+ @ ", text(lock), re.M)


def test_development_adds_to_the_runtime_and_changes_nothing_in_it() -> None:
    assert pinned("requirements.lock") - {("torch", "2.13.0")} <= pinned("requirements-dev.lock")
    assert pinned("requirements.lock") <= pinned("requirements-cuda.lock")


def test_only_the_lock_with_cuda_has_its_libraries() -> None:
    assert [lock for lock in LOCKS if WITH_CUDA.search(text(lock))] == ["requirements-cuda.lock"]
    assert text("deploy/torch-cpu.txt").strip() in text("requirements.lock")


PIP = """#!/bin/sh
case "$*" in
  *--require-hashes*{lock}) echo "{error}" >&2; exit 1;;
  *) echo "$*";;
esac
"""
NOT_THERE = "ERROR: No matching distribution found for torch==2.13.0+cpu"
CHANGED = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."


def install(folder: Path, lock: str, error: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/install.sh with a pip that fails with `error` where it is asked for `lock`."""
    python = folder / "python"
    python.write_text(PIP.format(lock=lock, error=error))
    python.chmod(0o755)
    return subprocess.run(
        [paths.PROJECT / "deploy" / "install.sh", python, "a.lock", "b.lock", "a.txt"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_lock_whose_files_are_there_is_installed_by_its_hashes(tmp_path: Path) -> None:
    done = install(tmp_path, "a.lock", NOT_THERE)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.split()[-3:] == ["--require-hashes", "--requirement", "b.lock"]


def test_it_says_so_when_it_does_without_hashes(tmp_path: Path) -> None:
    done = install(tmp_path, "", NOT_THERE)
    assert done.returncode == 0
    assert done.stdout.split()[-2:] == ["--requirement", "a.txt"] and "--require-hashes" not in done.stdout
    (warning,) = done.stderr.splitlines()
    assert "torch==2.13.0+cpu" in warning and warning.endswith("a.txt is installed without hashes")


def test_it_can_be_told_not_to_do_without_hashes(tmp_path: Path) -> None:
    done = install(tmp_path, "", NOT_THERE, EMOTRACE_LOCKED="1")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("error: a.lock b.lock cannot be installed here")


def test_a_file_that_was_exchanged_is_never_installed(tmp_path: Path) -> None:
    done = install(tmp_path, "", CHANGED)
    assert done.returncode == 1 and not done.stdout
    assert "the package index has a file that is not the one of a.lock" in done.stderr
