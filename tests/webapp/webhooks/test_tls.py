"""Over https the certificate has to be for the host's name, although the connection goes to a number."""

import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from tests.webapp.conftest import Names
from tests.webapp.factories import an_endpoint
from tests.webapp.receiver import Receiver, receiving
from webapp.accounts.models import User
from webapp.webhooks import outbox, services
from webapp.webhooks.models import Delivery

Told = Callable[[str], Delivery]


def certificate(place: Path, host: str) -> ssl.SSLContext:
    """A certificate of its own making; who trusts `place/certificate.pem` trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (place / "certificate.pem").write_bytes(made.public_bytes(pem))
    (place / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "certificate.pem", place / "key.pem")
    return context


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(certificate(tmp_path, "receiver.example")) as receiver:
        yield receiver


@pytest.fixture
def told(owner: User, receiver: Receiver, names: Names, settings: Any) -> Told:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    names(["127.0.0.1"])

    def tell(host: str) -> Delivery:
        endpoint, _ = an_endpoint(owner, f"https://{host}:{receiver.port}/")
        delivery = services.send_test(endpoint=endpoint)
        outbox.deliver(delivery.pk)
        delivery.refresh_from_db()
        return delivery

    return tell


def test_a_certificate_that_is_trusted_and_for_the_host_will_do(
    told: Told, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert told("receiver.example").status == Delivery.Status.DELIVERED
    assert len(receiver.received) == 1


def test_one_for_another_host_will_not(
    told: Told, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert "certificate is not valid for 'other.example'" in told("other.example").error
    assert receiver.received == []


def test_one_that_nobody_trusts_will_not(told: Told, receiver: Receiver) -> None:
    assert "self-signed certificate" in told("receiver.example").error
    assert receiver.received == []
