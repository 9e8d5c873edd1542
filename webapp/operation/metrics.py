"""/metrics for Prometheus, for requests with the token or from the networks of the settings."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from webapp.observability import metrics as process_metrics
from webapp.operation import metric_collectors


class _InstallationCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        return metric_collectors.collect()

    def describe(self) -> Iterator[Metric]:
        """Empty: registering the collector must not query the database."""
        return iter(())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of this machine or container's web processes and of the installation; 404 without access."""
    if not (_has_token(request) or _is_from_allowed_network(request)):
        raise Http404
    installation = CollectorRegistry()
    installation.register(_InstallationCollector())
    body = generate_latest(installation) + generate_latest(process_metrics.registry())
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    return bool(wanted) and kind == "Bearer" and hmac.compare_digest(token.encode(), wanted.encode())


def _is_from_allowed_network(request: HttpRequest) -> bool:
    # Without a word in the settings about proxies, whoever comes through one would look as near as the proxy is.
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXY_COUNT:
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)
