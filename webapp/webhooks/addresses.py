"""Where messages may go: to public addresses over HTTP, never into the network that the server stands in."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from webapp.core.problems import RequestError, WebCode

PORTS = {80, 443, 8080, 8443}
DEFAULT_PORTS = {"http": 80, "https": 443}
URL_CHARACTERS = 500
# Public by their numbers, but they lead to private addresses (through a gateway), or to a cloud's own services.
DISGUISES = [
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
    """Look an address up, once. Raises RequestError(WEBHOOK_URL | WEBHOOK_ADDRESS)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad("This is no address. Write it whole, such as https://example.org/emotrace.") from None
    if len(url) > URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise _bad(f"An address has at most {URL_CHARACTERS} characters, all of them ASCII and none a space.")
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise _bad("The address has to begin with https:// or http:// and a host.")
    if parts.username is not None or parts.password is not None:
        raise _bad("The address may not hold a name or a password. Verify the signature instead.")
    if parts.fragment:
        raise _bad("The address may not have a fragment (#).")
    port = port or DEFAULT_PORTS[parts.scheme]
    if port not in PORTS and not settings.WEBHOOKS_PRIVATE:
        raise _bad(f"Port {port} is not written to. Use one of: {', '.join(map(str, sorted(PORTS)))}.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, _numbers(host, port))


def is_public(number: str) -> bool:
    address = ipaddress.ip_address(number)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    disguised = any(address in network for network in DISGUISES if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not disguised


def _numbers(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RequestError(WebCode.WEBHOOK_ADDRESS, f"{host} cannot be found. Check its name.", "url") from None
    numbers = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    # One of them is enough: whoever names a private address among public ones means no good.
    if not settings.WEBHOOKS_PRIVATE and not all(map(is_public, numbers)):
        raise RequestError(
            WebCode.WEBHOOK_ADDRESS,
            f"{host} is no public address, and nothing is sent to others. "
            "The operator of this installation can allow them (EMOTRACE_WEBHOOKS_PRIVATE).",
            "url",
        )
    return numbers


def _bad(message: str) -> RequestError:
    return RequestError(WebCode.WEBHOOK_URL, message, "url")
