"""Where messages may go: to public addresses over HTTP, never into the network that the server stands in."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from webapp.core.errors import RequestError, WebCode
from webapp.webhooks.selectors import allowed_networks

ALLOWED_PORTS = {80, 443, 8080, 8443}
DEFAULT_PORTS = {"http": 80, "https": 443}
URL_MAX_LENGTH = 500
# Public by their numbers, but they lead to private addresses (through a gateway), or to a cloud's own services.
TRANSLATED_NETWORKS = [
    ipaddress.ip_network(each)
    for each in (
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fec0::/10",
        "192.0.0.0/24",
        "168.63.129.16/32",
    )
]


@dataclass(frozen=True)
class Target:
    """An address that may be written to, with the numbers it has at this moment."""

    scheme: str
    host: str
    port: int
    path: str
    numbers: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(url: str) -> Target:
    """Look an address up, once. Raises RequestError(WEBHOOK_URL | WEBHOOK_ADDRESS) with all that is wrong."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _invalid_url("This is no address. Write it whole, such as https://example.org/emotrace.") from None
    wrong: list[str] = []
    if len(url) > URL_MAX_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        wrong.append(f"An address has at most {URL_MAX_LENGTH} characters, all of them ASCII and none a space.")
    if parts.scheme not in DEFAULT_PORTS or not host:
        wrong.append("The address has to begin with https:// or http:// and a host.")
    if parts.username is not None or parts.password is not None:
        wrong.append("The address may not hold a name or a password. Verify the signature instead.")
    if parts.fragment:
        wrong.append("The address may not have a fragment (#).")
    port = port or DEFAULT_PORTS.get(parts.scheme, DEFAULT_PORTS["https"])
    numbers, unreachable = _lookup(host, port) if host and host.isascii() else ((), "")
    if (
        port not in ALLOWED_PORTS
        and not settings.WEBHOOKS_ALLOW_PRIVATE
        and not (numbers and all(map(_allowlist_check(), numbers)))
    ):
        allowed = ", ".join(map(str, sorted(ALLOWED_PORTS)))
        wrong.append(f"Port {port} is not allowed. Use one of: {allowed}.")
    if wrong or unreachable:
        code = WebCode.WEBHOOK_URL if wrong else WebCode.WEBHOOK_ADDRESS
        raise RequestError(code, " ".join([*wrong, *filter(None, [unreachable])]), "url")
    assert host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, numbers)


def is_public(number: str) -> bool:
    address = ipaddress.ip_address(number)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    disguised = any(address in network for network in TRANSLATED_NETWORKS if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not disguised


def _allowlist_check() -> Callable[[str], bool]:
    """Whether an address lies in a network that administrators allow, as they stand now."""
    networks = allowed_networks()

    def is_allowed(number: str) -> bool:
        address = ipaddress.ip_address(number)
        return any(address in network for network in networks)

    return is_allowed


def _lookup(host: str, port: int) -> tuple[tuple[str, ...], str]:
    """The addresses of `host`, and why nothing may be sent to them, if so."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return (), f"{host} cannot be found. Check its name."
    numbers = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    # One of them is enough: whoever names a private address among public ones means no good.
    if settings.WEBHOOKS_ALLOW_PRIVATE or all(map(is_public, numbers)):
        return numbers, ""
    is_allowed = _allowlist_check()
    if all(is_public(number) or is_allowed(number) for number in numbers):
        return numbers, ""
    return numbers, (
        f"{host} has no public address, and webhooks may not go to its private network. "
        "Ask an administrator to allow the network on the page Installation."
    )


def _invalid_url(message: str) -> RequestError:
    return RequestError(WebCode.WEBHOOK_URL, message, "url")
