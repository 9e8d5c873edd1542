"""The dashboard and the alerts that come with Emotrace ask for what /metrics says, by the names it has there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.webapp.factories import AnalysisFactory
from webapp.core import paths
from webapp.observability.metrics import (
    ATTEMPTS,
    LEFT_BEHIND,
    REAL_TIME_FACTOR,
    REAPED,
    REQUEST_SECONDS,
    STAGE_SECONDS,
    UPLOAD_BYTES,
)
from webapp.operation import health

DEPLOY = paths.PROJECT / "deploy"
BOARD = json.loads((DEPLOY / "grafana" / "emotrace.json").read_text())
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
OF_PROMETHEUS = {"up"}

QUERIES = {f"{panel['title']} {each['refId']}": each["expr"] for panel in BOARD["panels"] for each in panel["targets"]}
QUERIES |= {rule["alert"]: rule["expr"] for rule in ALERTS}


def selectors(expression: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The metrics that a query names, with what it asks of their labels."""

    def within(node: Any) -> Iterator[Any]:
        if isinstance(node, promql_parser.VectorSelector):
            yield node
        for name in ("expr", "lhs", "rhs", "args", "vector_selector"):
            inner = getattr(node, name, None)
            for each in inner if isinstance(inner, list) else [inner]:
                if each is not None and not isinstance(each, str):
                    yield from within(each)

    for found in within(promql_parser.parse(expression.replace("$__rate_interval", "5m"))):
        yield found.name, [(each.name, each.value) for each in found.matchers.matchers]


@pytest.fixture
def said(db: None, client: Client, settings: Any) -> dict[str, set[str]]:
    """Every sample that /metrics can give, with its labels."""
    settings.METRICS_TOKEN = "a token"
    AnalysisFactory.create()
    UPLOAD_BYTES.inc(1)
    ATTEMPTS.labels(step="read", outcome="broken").inc()
    REAPED.labels(outcome="queued").inc()
    LEFT_BEHIND.inc()
    STAGE_SECONDS.labels(stage="score").observe(1)
    REAL_TIME_FACTOR.labels(step="read").observe(1)
    REQUEST_SECONDS.labels(view="login", status="5xx").observe(1)
    text = client.get("/metrics", headers={"Authorization": "Bearer a token"}).content.decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    # Without a GPU there is a name and nothing to say.
    for name in re.findall(r"^# TYPE (\S+) gauge", text, re.M):
        found.setdefault(name, set())
    return found


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_asks_for_what_there_is(said: dict[str, set[str]], query: str) -> None:
    named = list(selectors(query))
    assert named
    for name, matchers in named:
        assert name in OF_PROMETHEUS or name in said
        assert name in OF_PROMETHEUS or {label for label, _ in matchers} <= said[name]
    for labels in re.findall(r"by \(([^)]*)\)", query):
        wanted = {each.strip() for each in labels.split(",")}
        assert any(wanted <= said[name] for name, _ in named)


def test_every_measure_is_shown(said: dict[str, set[str]]) -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for query in QUERIES.values() for name, _ in selectors(query)}
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in said if name.startswith("emotrace_")}
    assert ours <= shown


def test_every_alert_and_check_is_explained() -> None:
    guide = (paths.PROJECT / "docs" / "operation.md").read_text()
    for name in (*(rule["alert"] for rule in ALERTS), *health.CHECKS):
        assert f"`{name}`" in guide


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool here")
@pytest.mark.parametrize("kind", ["config", "rules"])
def test_promtool_finds_nothing(kind: str) -> None:
    name = {"config": "prometheus.yml", "rules": "alerts.yml"}[kind]
    checked = (
        ["promtool", "check", kind, "--syntax-only", name] if kind == "config" else ["promtool", "check", kind, name]
    )
    done = subprocess.run(checked, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
