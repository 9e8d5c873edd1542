"""Limits of what one address may do in a minute."""

from itertools import count
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from webapp.core import minute_limit
from webapp.core.minute_limit import MinuteLimit


@pytest.mark.usefixtures("servers")
def test_a_minute_that_ends_meanwhile_counts_in_one_of_the_two(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0.0, 59.0)
    monkeypatch.setattr(minute_limit, "time", SimpleNamespace(time=lambda: next(clock)))
    limit, request = MinuteLimit("tests", 2), RequestFactory().get("/")
    for _ in range(10):
        limit.count(request)
    assert not limit.reached(request)
