"""One POST to an address that was looked up before: to those very numbers, without redirects, within a time."""

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
TOTAL_TIMEOUT_SECONDS = 15.0  # from the first byte to the last, however slowly they come
MAX_ADDRESSES = 3
RESPONSE_EXCERPT_BYTES = 500  # of the answer
ERROR_MAX_LENGTH = 300


@dataclass(frozen=True)
class DeliveryResult:
    """What became of one attempt."""

    duration_ms: int
    response_code: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def delivered(self) -> bool:
        return self.response_code is not None and 200 <= self.response_code < 300


def post(url: str, body: bytes, headers: Mapping[str, str]) -> DeliveryResult:
    """Send it once. Whatever goes wrong is part of the outcome."""
    began = time.monotonic()

    def since() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        code, answer = _exchange(resolve(url), body, headers)
    except RequestError as error:
        return DeliveryResult(since(), error=error.message[:ERROR_MAX_LENGTH])
    except TimeoutError:
        return DeliveryResult(since(), error=f"The receiver did not answer within {TOTAL_TIMEOUT_SECONDS:.0f} s.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return DeliveryResult(
            since(), error=f"The connection failed: {error or type(error).__name__}"[:ERROR_MAX_LENGTH]
        )
    outcome = DeliveryResult(since(), code, _printable(answer))
    if outcome.delivered:
        return outcome
    moved = " Redirects are not followed: enter the new address." if 300 <= code < 400 else ""
    return DeliveryResult(outcome.duration_ms, code, outcome.answer, f"The receiver answered {code}.{moved}")


def _exchange(target: Target, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    opened = _connect(target)
    over = threading.Event()

    def hang_up() -> None:
        over.set()
        # The plain socket's: that of TLS would take its state away from under a thread that reads.
        with suppress(OSError):
            socket.socket.shutdown(opened, socket.SHUT_RDWR)

    with opened:
        watch = threading.Timer(TOTAL_TIMEOUT_SECONDS, hang_up)
        watch.start()
        try:
            if isinstance(opened, ssl.SSLSocket):
                opened.do_handshake()
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = opened
            connection.request("POST", target.path, body, {"Host": target.authority, **headers})
            with connection.getresponse() as response:
                answer = response.read(RESPONSE_EXCERPT_BYTES)
        except (OSError, http.client.HTTPException, ValueError):
            if over.is_set():
                raise TimeoutError from None
            raise
        finally:
            watch.cancel()
    if over.is_set():
        raise TimeoutError
    return response.status, answer


def _connect(target: Target) -> socket.socket:
    """A connection to one of the numbers. With https, whose certificate is for the host's name will be checked."""
    failure: OSError = OSError("there is no address")
    for number in target.numbers[:MAX_ADDRESSES]:
        try:
            plain = socket.create_connection((number, target.port), CONNECT_TIMEOUT_SECONDS)
        except OSError as error:
            failure = error
            continue
        plain.settimeout(TOTAL_TIMEOUT_SECONDS)
        if target.scheme == "http":
            return plain
        return _ssl_context().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
    raise failure


def _ssl_context() -> ssl.SSLContext:
    """The machine's certificates, and the usual ones for a machine that has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _printable(answer: bytes) -> str:
    text = answer.decode(errors="replace")
    return "".join(character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text)
