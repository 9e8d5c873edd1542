"""The web process starts without the libraries that only workers need."""

from tests.integration.processes import python


def test_the_web_process_does_not_import_torch() -> None:
    script = """
import sys
import webapp.config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
heavy = {"torch", "librosa", "numba", "mne", "sklearn", "botocore"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    with python(["-c", script], {}) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
