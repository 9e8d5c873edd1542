"""Settings from environment variables. One that cannot be used ends the process with a line that names it.

Where NAME_FILE is set, the file that it names holds the value of NAME. A blank value counts as not set.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from redis import ConnectionPool

from webapp.core.quota import parse_amount

Value = TypeVar("Value")
Default = TypeVar("Default")

FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\]")
RATE = re.compile(r"[1-9][0-9]*/(s|sec|second|m|min|minute|h|hour|d|day)")
POSTGRES_SCHEMES = ("postgres", "postgresql", "pgsql", "psql")


class SettingError(SystemExit):
    """A setting cannot be used. Uncaught, its text is printed and the process ends with status 1."""

    def __init__(self, name: str, problem: str, expected: str) -> None:
        super().__init__(f"error: {name} {problem}; expected {expected}")


class Environment:
    """Environment variables as typed values. Every method raises SettingError."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "", *, choices: Collection[str] = ()) -> str:
        """Any text, or one of `choices`."""
        value = self._read(name)
        if value and choices and value not in choices:
            raise SettingError(name, f"is {value!r}", f"one of {', '.join(choices)}")
        return value or default

    def texts(self, name: str, *, choices: Collection[str] = ()) -> list[str]:
        """Texts separated by commas."""
        values = self._split(name)
        if choices and (unknown := [each for each in values if each not in choices]):
            raise SettingError(name, f"has {unknown[0]!r}", f"any of {', '.join(choices)}, separated by commas")
        return values

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return self._convert(name, _parse_flag, default, "true or false")

    def integer(self, name: str, default: Default, minimum: int = 0, maximum: float = math.inf) -> int | Default:
        """A whole number."""
        bounds = f"of {minimum} or more" if maximum == math.inf else f"from {minimum} to {maximum}"
        return self._convert(name, _within(int, minimum, maximum), default, f"a whole number {bounds}")

    def number(self, name: str, default: float, minimum: float = 0) -> float:
        """A number that may have decimals."""
        return self._convert(name, _within(float, minimum, math.inf), default, f"a number of {minimum:g} or more")

    def amount(self, name: str, default: str) -> int | None:
        """A number with an optional unit; None is unlimited."""
        return self._convert(name, parse_amount, parse_amount(default), "an amount such as 50G, 600 or unlimited")

    def rate(self, name: str, default: str) -> str:
        """A rate of requests; a blank value is no limit."""
        if self._variables.get(name, "unset").strip() == "":
            return ""
        return self._convert(name, _matching(RATE), default, "a rate such as 600/min, or nothing for no limit")

    def hosts(self, name: str, default: Collection[str]) -> list[str]:
        """Host names separated by commas."""
        return self._convert_each(name, _matching(HOST), "host names without scheme and port") or [*default]

    def origins(self, name: str) -> list[str]:
        """Origins separated by commas."""
        return self._convert_each(name, _parse_origin, "origins such as https://emotrace.example.org")

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """Networks separated by commas."""
        return self._convert_each(name, ip_network, "networks such as 10.0.0.0/8")

    def web_url(self, name: str) -> str:
        """An http(s) URL."""
        return self._convert(name, _parse_web_url, "", "a URL such as https://emotrace.example.org")

    def database_url(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of a PostgreSQL database."""
        expected = "postgres://user:password@host:5432/name"
        return self.secret(name, _parse_database_url, _parse_database_url(default), expected)

    def redis_url(self, name: str, default: str) -> str:
        """The URL of a Redis server."""
        return self.secret(name, _parse_redis_url, default, "redis://host:6379/0")

    def mail_url(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of a mail server."""
        expected = "smtp+tls://user:password@host:587"
        return self.secret(name, _parse_mail_url, _parse_mail_url(default), expected)

    def new_directory(self, name: str, default: Default) -> Path | Default:
        """The absolute path of a directory that is created where it does not exist."""
        value = self._read(name)
        return require_creatable(name, Path(value).absolute()) if value else default

    def directory(self, name: str) -> Path | None:
        """The path of a directory that exists."""
        value = self._read(name)
        if value and not Path(value).is_dir():
            raise SettingError(name, f"is {value!r}, which is no directory", "the path of a directory")
        return Path(value) if value else None

    def secret(self, name: str, parse: Callable[[str], Value], default: Default, expected: str) -> Value | Default:
        """A value that is not quoted. `parse` raises ValueError, whose text says what is wrong with it."""
        text = self._read(name)
        try:
            return parse(text) if text else default
        except ValueError as error:
            raise SettingError(name, str(error), expected) from None

    def _convert(self, name: str, parse: Callable[[str], Value], default: Default, expected: str) -> Value | Default:
        text = self._read(name)
        try:
            return parse(text) if text else default
        except ValueError:
            raise SettingError(name, f"is {text!r}", expected) from None

    def _convert_each(self, name: str, parse: Callable[[str], Value], expected: str) -> list[Value]:
        found = []
        for text in self._split(name):
            try:
                found.append(parse(text))
            except ValueError:
                raise SettingError(name, f"has {text!r}", f"{expected}, separated by commas") from None
        return found

    def _split(self, name: str) -> list[str]:
        return [part.strip() for part in self._read(name).split(",") if part.strip()]

    def _read(self, name: str) -> str:
        path = self._variables.get(f"{name}_FILE")
        if not path:
            return self._variables.get(name, "").strip()
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            problem = f"is {path!r}, which cannot be read ({error.strerror})"
        except ValueError:
            problem = f"is {path!r}, which is not text"
        raise SettingError(f"{name}_FILE", problem, f"the path of a file with the value of {name}")


def require_creatable(name: str, path: Path) -> Path:
    """Return `path`, which is a directory or can become one; whether this process may write there is not checked."""
    if any(not each.is_dir() for each in (path, *path.parents) if each.exists()):
        raise SettingError(name, f"is {str(path)!r}, which is no directory", "the path of a directory")
    return path


def _parse_flag(text: str) -> bool:
    try:
        return FLAGS[text.lower()]
    except KeyError:
        raise ValueError from None


def _within(kind: Callable[[str], Any], minimum: float, maximum: float) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        if not (math.isfinite(value) and minimum <= value <= maximum):
            raise ValueError
        return value

    return parse


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return parse


def _parse_web_url(text: str) -> str:
    parts = urlsplit(text)
    parts.port  # noqa: B018  raises ValueError
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", text):
        raise ValueError
    return text.rstrip("/")


def _parse_origin(text: str) -> str:
    parts = urlsplit(_parse_web_url(text))
    if parts.path or parts.query or parts.fragment:
        raise ValueError
    return text.rstrip("/")


def _parse_database_url(text: str) -> dict[str, Any]:
    _require_scheme(text, POSTGRES_SCHEMES)
    found: dict[str, Any] = environ.Env.db_url_config(text)
    if not (found["NAME"] or "service" in found.get("OPTIONS", {})):
        raise ValueError("names no database")
    return found


def _parse_redis_url(text: str) -> str:
    _require_scheme(text, ("redis", "rediss", "unix"))
    try:
        found = ConnectionPool.from_url(text).connection_kwargs
    except ValueError:
        raise ValueError("cannot be parsed") from None
    if not (found.get("host") or found.get("path")):
        raise ValueError("names no host")
    return text


def _parse_mail_url(text: str) -> dict[str, Any]:
    _require_scheme(text, environ.Env.EMAIL_SCHEMES)
    found: dict[str, Any] = environ.Env.email_url_config(text)
    if text.startswith("smtp") and not found["EMAIL_HOST"]:
        raise ValueError("names no host")
    return found


def _require_scheme(text: str, schemes: Collection[str]) -> None:
    """Raise ValueError where a URL has none of the schemes, or no number for a port."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises ValueError
    except ValueError:
        raise ValueError("cannot be parsed") from None
    if parts.scheme not in schemes:
        raise ValueError("has another scheme")
