"""Protection against server-side request forgery: webhooks go to public addresses only, never to private networks."""

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
# Formally public ranges that are translated to private addresses or reach a cloud's own services.
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
    """A permitted URL with the IP addresses that it resolves to now."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(url: str) -> Target:
    """Check a URL and resolve its host, once. Raises RequestError(WEBHOOK_URL | WEBHOOK_ADDRESS) with all problems."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _invalid_url("This is no address. Write it whole, such as https://example.org/emotrace.") from None
    problems: list[str] = []
    if len(url) > URL_MAX_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        problems.append(f"An address has at most {URL_MAX_LENGTH} characters, all of them ASCII and none a space.")
    if parts.scheme not in DEFAULT_PORTS or not host:
        problems.append("The address has to begin with https:// or http:// and a host.")
    if parts.username is not None or parts.password is not None:
        problems.append("The address may not hold a name or a password. Verify the signature instead.")
    if parts.fragment:
        problems.append("The address may not have a fragment (#).")
    port = port or DEFAULT_PORTS.get(parts.scheme, DEFAULT_PORTS["https"])
    addresses, unreachable = _lookup(host, port) if host and host.isascii() else ((), "")
    if (
        port not in ALLOWED_PORTS
        and not settings.WEBHOOKS_ALLOW_PRIVATE
        and not (addresses and all(map(_allowlist_check(), addresses)))
    ):
        allowed = ", ".join(map(str, sorted(ALLOWED_PORTS)))
        problems.append(f"Port {port} is not allowed. Use one of: {allowed}.")
    if problems or unreachable:
        code = WebCode.WEBHOOK_URL if problems else WebCode.WEBHOOK_ADDRESS
        raise RequestError(code, " ".join([*problems, *filter(None, [unreachable])]), "url")
    assert host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, addresses)


def is_public(ip: str) -> bool:
    """Whether the IP address is globally reachable and not translated to a private one."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    translated = any(address in network for network in TRANSLATED_NETWORKS if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not translated


def _allowlist_check() -> Callable[[str], bool]:
    """A predicate: whether an IP address is in one of the allowed private networks."""
    networks = allowed_networks()

    def is_allowed(ip: str) -> bool:
        address = ipaddress.ip_address(ip)
        return any(address in network for network in networks)

    return is_allowed


def _lookup(host: str, port: int) -> tuple[tuple[str, ...], str]:
    """The IP addresses of `host`, and the reason why they are refused, if they are."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return (), f"{host} cannot be found. Check its name."
    addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
    # A single private address among public ones refuses the host.
    if settings.WEBHOOKS_ALLOW_PRIVATE or all(map(is_public, addresses)):
        return addresses, ""
    is_allowed = _allowlist_check()
    if all(is_public(ip) or is_allowed(ip) for ip in addresses):
        return addresses, ""
    return addresses, (
        f"{host} has no public address, and webhooks may not go to its private network. "
        "Ask an administrator to allow the network on the page Installation."
    )


def _invalid_url(message: str) -> RequestError:
    return RequestError(WebCode.WEBHOOK_URL, message, "url")
