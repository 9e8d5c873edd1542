"""A setting that cannot be used ends the process with one line; one that is blank counts as not set."""

import runpy
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from inference.types import Limits
from tests.integration.processes import python
from webapp.core import paths
from webapp.core.environment import Environment, SettingError
from webapp.storage import media

NUMBER = "a number of 1 or more"
DIRECTORY = "which is no directory; expected the path of a directory"
POSTGRES, REDIS = "postgres://user:password@host:5432/name", "redis://host:6379/0"
MAIL = "smtp+tls://user:password@host:587"
URL = "a URL such as https://emotrace.example.org"


def read_settings() -> dict[str, Any]:
    return runpy.run_path(str(paths.PROJECT / "webapp/config/settings.py"))


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("EMOTRACE_MAX_SECONDS", "two hours", f"is 'two hours'; expected {NUMBER}"),
        ("EMOTRACE_MAX_SECONDS", "nan", f"is 'nan'; expected {NUMBER}"),
        ("EMOTRACE_MAX_PIXELS", "-1", f"is '-1'; expected {NUMBER}"),
        ("EMOTRACE_MAX_BYTES", "4.5", "is '4.5'; expected a whole number of 1 or more"),
        ("EMOTRACE_RETENTION_DAYS", "0", "is '0'; expected a whole number from 1 to 36500"),
        ("EMOTRACE_HEARTBEAT_SECONDS", "60", "is '60'; expected a whole number from 1 to 59"),
        ("PORT", "http", "is 'http'; expected a whole number from 1 to 65535"),
        ("EMOTRACE_HTTPS", "ture", "is 'ture'; expected true or false"),
        ("EMOTRACE_QUOTA_BYTES", "10 GB", "is '10 GB'; expected an amount such as 50G, 600 or unlimited"),
        ("EMOTRACE_RATE_READ", "fast", "is 'fast'; expected a rate such as 600/min, or nothing for no limit"),
        ("EMOTRACE_VIDEO_ENCODER", "x265", "is 'x265'; expected one of x264, nvenc, qsv, vaapi"),
        ("EMOTRACE_LOG_LEVEL", "LOUD", "is 'LOUD'; expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("EMOTRACE_LOG_FORMAT", "xml", "is 'xml'; expected one of json, plain"),
        (
            "EMOTRACE_SANDBOX_WITHOUT",
            "landlock,seccom",
            "has 'seccom'; expected any of landlock, seccomp, separated by commas",
        ),
        (
            "ALLOWED_HOSTS",
            "localhost,https://emotrace.example.org",
            "has 'https://emotrace.example.org'; expected host names without scheme and port, separated by commas",
        ),
        (
            "CSRF_TRUSTED_ORIGINS",
            "emotrace.example.org",
            "has 'emotrace.example.org'; expected origins such as https://emotrace.example.org, separated by commas",
        ),
        (
            "EMOTRACE_METRICS_NETWORKS",
            "10.0.0.1/8",
            "has '10.0.0.1/8'; expected networks such as 10.0.0.0/8, separated by commas",
        ),
        ("EMOTRACE_PUBLIC_URL", "emotrace.example.org", f"is 'emotrace.example.org'; expected {URL}"),
        ("EMOTRACE_S3_ENDPOINT", "http://minio:port", f"is 'http://minio:port'; expected {URL}"),
        ("DATABASE_URL", "mysql://anna:password@db/emotrace", f"has another scheme; expected {POSTGRES}"),
        ("DATABASE_URL", "postgres://anna:password@db", f"names no database; expected {POSTGRES}"),
        ("DATABASE_URL", "postgres://anna:pass/word@db/emotrace", f"cannot be parsed; expected {POSTGRES}"),
        ("REDIS_URL", "redis.example.org", f"has another scheme; expected {REDIS}"),
        ("REDIS_URL", "redis://", f"names no host; expected {REDIS}"),
        ("EMAIL_URL", "smtp://", f"names no host; expected {MAIL}"),
        ("EMAIL_URL", "https://mail.example.org", f"has another scheme; expected {MAIL}"),
        (
            "EMOTRACE_ENCRYPTION_KEYS",
            f"{'0' * 64},secret",
            "has something else as key 2; "
            "expected keys of 64 hexadecimal digits (openssl rand -hex 32), separated by commas",
        ),
        ("EMOTRACE_MODELS", "/nowhere", f"is '/nowhere', {DIRECTORY}"),
        ("EMOTRACE_POSTGRES_BIN", "/nowhere", f"is '/nowhere', {DIRECTORY}"),
        ("EMOTRACE_DATA_DIR", "/etc/passwd", f"is '/etc/passwd', {DIRECTORY}"),
        ("EMOTRACE_TMP_DIR", "/etc/passwd/tmp", f"is '/etc/passwd/tmp', {DIRECTORY}"),
        (
            "SECRET_KEY_FILE",
            "/nowhere",
            "is '/nowhere', which cannot be read (No such file or directory); "
            "expected the path of a file with the value of SECRET_KEY",
        ),
    ],
)
def test_a_line_names_the_setting_its_problem_and_what_is_expected(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as ended:
        read_settings()
    assert ended.value.code == f"error: {name} {line}"


def test_a_blank_setting_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMOTRACE_MAX_BYTES", "EMOTRACE_HTTPS", "EMAIL_URL", "REDIS_URL", "ALLOWED_HOSTS", "EMOTRACE_TMP_DIR"):
        monkeypatch.setenv(name, " ")
    found = read_settings()
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "[::1]", "localhost"]
    assert found["LIMITS"].max_bytes == Limits.max_bytes
    assert not found["SENDS_MAIL"] and not found["HTTPS"]


def test_a_blank_rate_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTRACE_RATE_READ", "")
    assert read_settings()["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]["read"] == ""


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (lambda env: env.text("X"), "$ecret", "$ecret"),  # of no other variable
        (lambda env: env.number("X", default=1), "1e3", 1000),
        (lambda env: env.integer("X", default=None), "7", 7),
        (lambda env: env.flag("X", default=False), "TRUE", True),
        (lambda env: env.flag("X", default=True), "0", False),
        (lambda env: env.amount("X", default="1"), "unlimited", None),
        (lambda env: env.hosts("X", default=[]), ".example.org, [::1],*", [".example.org", "[::1]", "*"]),
        (lambda env: env.origins("X"), "https://*.example.org:8443/", ["https://*.example.org:8443"]),
        (lambda env: env.networks("X"), "10.0.0.0/8,::1", [ip_network("10.0.0.0/8"), ip_network("::1")]),
        (lambda env: env.web_url("X"), "https://example.org/emotrace/", "https://example.org/emotrace"),
        (lambda env: env.database_url("X", default="postgres:///a")["NAME"], "postgresql://db/b", "b"),
        (lambda env: env.redis_url("X", default="redis://a"), "unix:///run/redis.sock", "unix:///run/redis.sock"),
        (lambda env: env.mail_url("X", default="dummymail://")["EMAIL_HOST"], "smtp://a:b@mail", "mail"),
    ],
)
def test_values_get_their_type(read: Callable[[Environment], Any], text: str, expected: Any, tmp_path: Path) -> None:
    assert read(Environment({"X": text})) == expected
    (tmp_path / "x").write_text(f"{text}\n")
    assert read(Environment({"X_FILE": str(tmp_path / "x"), "X": "overruled"})) == expected


def test_a_file_has_to_be_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(SettingError, match=r"X_FILE .* which is not text"):
        Environment({"X_FILE": str(tmp_path / "key")}).text("X")


def test_a_directory_that_cannot_be_created_is_named(settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = Path("/proc/emotrace")
    with pytest.raises(SettingError, match="EMOTRACE_TMP_DIR needs '/proc/emotrace', which cannot be created"):
        media.create_directories()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["manage.py", "reap"],
        ["-m", "celery", "--app", "webapp.config", "--quiet", "worker", "--queues", "inference"],
        ["-m", "gunicorn", "--config", "python:webapp.config.gunicorn", "--bind", "127.0.0.1:0"],
    ],
    ids=["command", "reaper", "worker", "web"],
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMOTRACE_LEASE_SECONDS", "soon"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere"),
    ],
)
def test_no_process_starts_with_one_that_cannot_be_used(command: list[str], name: str, value: str) -> None:
    with python(command, {name: value}) as process:
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors.count("\n")) == (1, 1), errors
    assert errors.startswith(f"error: {name} is '{value}'")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name", "value", "line"),
    [
        (
            ["manage.py", "audit"],
            "EMOTRACE_DATA_DIR",
            "/proc/emotrace",
            "error: EMOTRACE_DATA_DIR: /proc/emotrace cannot be written to (No such file or directory)\n",
        ),
        (
            ["-m", "gunicorn", "--config", "python:webapp.config.gunicorn", "--bind", "127.0.0.1:0"],
            "EMOTRACE_STATIC_ROOT",
            "/proc",
            "error: EMOTRACE_STATIC_ROOT is '/proc', which has no static files; "
            "expected a directory that `manage.py collectstatic` has filled\n",
        ),
    ],
    ids=["data", "static files"],
)
def test_a_directory_of_no_use_is_named(command: list[str], name: str, value: str, line: str) -> None:
    with python(command, {name: value}) as process:
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, line)


@pytest.mark.slow
def test_reading_settings_loads_no_codec() -> None:
    code = "import sys, webapp.config.settings; sys.exit('av' in sys.modules or 'imageio_ffmpeg' in sys.modules)"
    with python(["-c", code], {}) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
