"""One POST to a checked URL: to the resolved IP addresses only, without redirects, within a time limit."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import certifi

from webapp.core.errors import RequestError
from webapp.webhooks.ssrf import Target, resolve

CONNECT_TIMEOUT_SECONDS = 5.0
TOTAL_TIMEOUT_SECONDS = 15.0  # of the whole exchange
MAX_ADDRESSES = 3
RESPONSE_EXCERPT_BYTES = 500
ERROR_MAX_LENGTH = 300


@dataclass(frozen=True)
class DeliveryResult:
    """The result of one attempt."""

    duration_ms: int
    response_code: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def delivered(self) -> bool:
        """Whether the status code is 2xx."""
        return self.response_code is not None and 200 <= self.response_code < 300


def post(url: str, body: bytes, headers: Mapping[str, str]) -> DeliveryResult:
    """Send the message once. Never raises: errors are part of the result."""
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        code, answer = _exchange(resolve(url), body, headers)
    except RequestError as error:
        return DeliveryResult(elapsed_ms(), error=error.message[:ERROR_MAX_LENGTH])
    except TimeoutError:
        return DeliveryResult(elapsed_ms(), error=f"The receiver did not answer within {TOTAL_TIMEOUT_SECONDS:.0f} s.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return DeliveryResult(
            elapsed_ms(), error=f"The connection failed: {error or type(error).__name__}"[:ERROR_MAX_LENGTH]
        )
    result = DeliveryResult(elapsed_ms(), code, _printable(answer))
    if result.delivered:
        return result
    moved = " Redirects are not followed: enter the new address." if 300 <= code < 400 else ""
    return DeliveryResult(result.duration_ms, code, result.answer, f"The receiver answered {code}.{moved}")


def _exchange(target: Target, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection_socket = _connect(target)
    timed_out = threading.Event()

    def hang_up() -> None:
        timed_out.set()
        # The plain socket's method: that of SSLSocket would drop the TLS state under a thread that reads.
        with suppress(OSError):
            socket.socket.shutdown(connection_socket, socket.SHUT_RDWR)

    with connection_socket:
        timer = threading.Timer(TOTAL_TIMEOUT_SECONDS, hang_up)
        timer.start()
        try:
            if isinstance(connection_socket, ssl.SSLSocket):
                connection_socket.do_handshake()
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = connection_socket
            connection.request("POST", target.path, body, {"Host": target.authority, **headers})
            with connection.getresponse() as response:
                answer = response.read(RESPONSE_EXCERPT_BYTES)
        except (OSError, http.client.HTTPException, ValueError):
            if timed_out.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
    if timed_out.is_set():
        raise TimeoutError
    return response.status, answer


def _connect(target: Target) -> socket.socket:
    """A socket to one of the IP addresses. With https, TLS verifies the certificate for the host name."""
    failure: OSError = OSError("there is no address")
    for ip in target.addresses[:MAX_ADDRESSES]:
        try:
            plain = socket.create_connection((ip, target.port), CONNECT_TIMEOUT_SECONDS)
        except OSError as error:
            failure = error
            continue
        plain.settimeout(TOTAL_TIMEOUT_SECONDS)
        if target.scheme == "http":
            return plain
        return _ssl_context().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
    raise failure


def _ssl_context() -> ssl.SSLContext:
    """Trusts the system's certificates and those of certifi, for systems that have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _printable(answer: bytes) -> str:
    text = answer.decode(errors="replace")
    return "".join(character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text)
