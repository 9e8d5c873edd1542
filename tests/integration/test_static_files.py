"""The deployed static files have hashed names, in pages and in imports between scripts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.test_serve import free_port
from webapp.core import paths

IMPORT = re.compile(r"""^import .* from "(.+)";$""", re.M)


@pytest.fixture(scope="module")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("static")
    environment = {**os.environ, "EMOTRACE_STATIC_ROOT": str(root), "DJANGO_SETTINGS_MODULE": "webapp.config.settings"}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--ignore", "drf_spectacular_sidecar"]
    subprocess.run(command, cwd=paths.PROJECT, env=environment, check=True, capture_output=True, timeout=300)
    return root


@pytest.mark.extended
def test_pages_and_scripts_name_hashed_files(static_root: Path, process: Start) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    process("web", GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}", EMOTRACE_STATIC_ROOT=str(static_root))

    def is_up() -> bool:
        try:
            return requests.get(f"{base}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    assert eventually(is_up, 120)
    page = requests.get(f"{base}/login/", timeout=30)
    assert page.status_code == 200
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert links
    for link in links:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", link)
        answer = requests.get(base + link, timeout=30)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_imports_between_scripts_are_hashed(static_root: Path) -> None:
    scripts = [
        path for path in (static_root / "emotrace").rglob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)
    ]
    imported = [(path, name) for path in scripts for name in IMPORT.findall(path.read_text())]
    assert imported
    for path, name in imported:
        assert (path.parent / name).resolve() in scripts
