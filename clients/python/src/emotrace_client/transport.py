"""Requests that survive a network which breaks and a server that says "later"."""

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from emotrace_client.errors import ConnectionLostError, EmotraceError, ProblemError

T = TypeVar("T")
TIMEOUT = httpx.Timeout(60, connect=10)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 20.0
LATER = (429, 502, 503, 504)


class LaterError(Exception):
    """The server asks to come again, perhaps in so many seconds."""

    def __init__(self, problem: ProblemError, seconds: float | None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.seconds = seconds


class Transport:
    """`patience_s` is how long in a row nothing may go on before it is given up."""

    def __init__(self, url: str, token: str | None, patience_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EmotraceError("bad_url", f"{url!r} is no address. Write it whole: https://emotrace.example.org.")
        self.base = url.rstrip("/") + "/api/v1/"
        self.patience_s = patience_s
        headers = {"User-Agent": "emotrace-client"} | ({"Authorization": f"Token {token}"} if token else {})
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT)

    def close(self) -> None:
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to what may be asked twice without harm. Raises ProblemError and ConnectionLostError."""
        return self.persist(lambda: self.once(method, path, **options))

    def unrepeated(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to what must not be done twice: tried again only where the server has refused it."""

        def ask() -> httpx.Response:
            try:
                return self.once(method, path, later=(429,), **options)
            except httpx.TransportError as error:
                raise ConnectionLostError(error) from error

        return self.persist(ask)

    def once(self, method: str, path: str, *, later: Collection[int] = LATER, **options: Any) -> httpx.Response:
        """The answer, asked for once. Raises ProblemError, and what `persist` waits for."""
        return _judged(self._http.request(method, self._address(path), **options), later)

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """An answer that is read as it comes. Raises ProblemError, and what `persist` waits for."""
        with self._http.stream("GET", self._address(path), headers=headers) as response:
            if not response.is_success:
                response.read()
            yield _judged(response, LATER)

    def persist(self, work: Callable[[], T], *, progressed: Callable[[], object] = lambda: None) -> T:
        """Do `work` until it is done, with pauses after what may pass by itself.

        Whenever what `progressed` gives has changed, the patience begins anew.
        Raises ProblemError and ConnectionLostError.
        """
        since, pauses, before = time.monotonic(), 0, progressed()
        while True:
            try:
                return work()
            except httpx.TransportError as error:
                failure: EmotraceError = ConnectionLostError(error)
                asked = None
            except LaterError as later:
                failure, asked = later.problem, later.seconds
            if (now := progressed()) != before:
                since, pauses, before = time.monotonic(), 0, now
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**pauses)
            pause = random.uniform(longest / 2, longest) if asked is None else asked
            if time.monotonic() - since + pause > self.patience_s:
                raise failure
            time.sleep(pause)
            pauses += 1

    def _address(self, path: str) -> str:
        """Where a path or a link leads: always to this server. It may know itself by another name than we do."""
        parts = urlsplit(urljoin(self.base, path))
        own = urlsplit(self.base)
        return parts._replace(scheme=own.scheme, netloc=own.netloc).geturl()


def _judged(response: httpx.Response, later: Collection[int]) -> httpx.Response:
    if response.is_success:
        return response
    problem = ProblemError.of(response)
    if response.status_code in later:
        said = response.headers.get("Retry-After", "")
        raise LaterError(problem, float(said) if said.isdigit() else None)
    raise problem
