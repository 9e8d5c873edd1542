"""Where webhooks may go. Looking names up is the machine's own business: here the tests say what it finds."""

from ipaddress import ip_network
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.webapp.conftest import Names
from tests.webapp.factories import an_endpoint
from tests.webapp.receiver import receiving
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.webhooks import outbox, services
from webapp.webhooks.models import Delivery, Endpoint
from webapp.webhooks.ssrf import is_public, resolve


@pytest.mark.parametrize(
    "number",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
        *("100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.255.255.250"),
        *("255.255.255.255", "240.0.0.1", "168.63.129.16", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
        *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:53aa:64c:0:fbff:80ff:fffe"),
    ],
)
def test_numbers_that_are_not_public(number: str) -> None:
    assert not is_public(number)


@pytest.mark.parametrize("number", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"])
def test_numbers_that_are(number: str) -> None:
    assert is_public(number)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/", "webhook_url"),
        ("file:///etc/passwd", "webhook_url"),
        ("//example.org/", "webhook_url"),
        ("https://", "webhook_url"),
        ("https://name:word@example.org/", "webhook_url"),
        ("https://example.org/#part", "webhook_url"),
        ("https://example.org:22/", "webhook_url"),
        ("https://example.org:6379/", "webhook_url"),
        ("https://example.org:99999/", "webhook_url"),
        ("https://[::1/", "webhook_url"),
        ("https://exämple.org/", "webhook_url"),
        ("https://example.org/a b", "webhook_url"),
        ("https://example.org/\r\nX: y", "webhook_url"),
        ("http://127.0.0.1/", "webhook_address"),
        ("http://127.1/", "webhook_address"),
        ("http://2130706433/", "webhook_address"),
        ("http://0x7f000001/", "webhook_address"),
        ("http://[::1]/", "webhook_address"),
        ("http://[::ffff:127.0.0.1]/", "webhook_address"),
        ("http://localhost/", "webhook_address"),
        ("http://169.254.169.254/latest/meta-data/", "webhook_address"),
        ("https://nowhere.invalid/", "webhook_address"),
    ],
)
def test_such_an_address_is_refused_when_it_is_saved(api: APIClient, url: str, code: str) -> None:
    answer = api.post("/api/v1/webhooks/", {"url": url}, format="json")
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, code, ["url"])
    assert not Endpoint.objects.exists()


def test_a_public_address_is_taken(api: APIClient, names: Names) -> None:
    names(["93.184.215.14"])
    for url in ("https://example.org", "http://example.org:8080/a?b=c", "https://[2606:2800:21f:cb07::1]:8443/"):
        assert api.post("/api/v1/webhooks/", {"url": url}, format="json").status_code == 201


def test_one_private_number_among_public_ones_is_enough(db: None, names: Names) -> None:
    names(["93.184.215.14", "10.0.0.1"])
    with pytest.raises(RequestError) as refused:
        resolve("https://example.org/")
    assert refused.value.code == "webhook_address"


def test_a_name_that_leads_elsewhere_later_is_refused_when_it_is_connected_to(owner: User, names: Names) -> None:
    with receiving() as receiver:
        names(["93.184.215.14"], ["127.0.0.1"])
        resolve("http://example.org:8080/")  # as at saving
        endpoint, _ = an_endpoint(owner, "http://example.org:8080/")
        outbox.deliver(services.send_test(endpoint=endpoint).pk)
        assert receiver.received == []
    delivery = Delivery.objects.get()
    assert delivery.response_code is None
    assert "has no public address" in delivery.error


def test_a_name_is_looked_up_once_for_each_attempt(owner: User, names: Names, settings: Any) -> None:
    """Between the check and the connection there is no second look that could find something else."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiving() as receiver, receiving() as other:
        names(["127.0.0.1"], ["127.0.0.2"])
        endpoint, _ = an_endpoint(owner, f"http://receiver.example:{receiver.port}/hook")
        outbox.deliver(services.send_test(endpoint=endpoint).pk)
        assert len(receiver.received) == 1
        assert receiver.received[0][0]["host"] == f"receiver.example:{receiver.port}"
        assert other.received == []


def test_without_the_operators_word_nothing_goes_into_the_own_network(owner: User, monkeypatch: Any) -> None:
    with receiving() as receiver:
        monkeypatch.setattr("webapp.webhooks.ssrf.ALLOWED_PORTS", {receiver.port})
        endpoint, _ = an_endpoint(owner, receiver.url)
        outbox.deliver(services.send_test(endpoint=endpoint).pk)
        assert receiver.received == []
    assert "Ask an administrator" in Delivery.objects.get().error


def test_an_allowed_network_is_written_to_at_once_and_no_more_when_it_is_taken_away(owner: User) -> None:
    with receiving() as receiver:
        services.set_allowed_networks(by=owner, networks=[ip_network("127.0.0.1/32")])
        endpoint, _ = services.create(owner=owner, url=receiver.url, events=["analysis.failed"])
        outbox.deliver(services.send_test(endpoint=endpoint).pk)
        assert len(receiver.received) == 1
        services.set_allowed_networks(by=owner, networks=[])
        outbox.deliver(services.send_test(endpoint=endpoint).pk)
        assert len(receiver.received) == 1


def test_other_networks_stay_refused(owner: User, names: Names) -> None:
    services.set_allowed_networks(by=owner, networks=[ip_network("10.0.0.0/8")])
    assert resolve("http://10.1.2.3:9000/").port == 9000
    names(["10.0.0.1", "169.254.169.254"])
    for url in ("http://127.0.0.1/", "http://169.254.169.254/", "http://mixed.example/"):
        with pytest.raises(RequestError) as refused:
            resolve(url)
        assert refused.value.code == "webhook_address"


def test_all_that_is_wrong_is_said_at_once(db: None) -> None:
    with pytest.raises(RequestError) as refused:
        resolve("http://name:word@10.0.0.1:22/#part")
    assert refused.value.code == "webhook_url"
    for reason in ("password", "fragment", "Port 22", "no public address"):
        assert reason in refused.value.message
