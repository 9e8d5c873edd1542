"""The nginx of the production shape, as deploy/ configures it, before a real web process."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.webapp.factories import UserFactory, finished
from webapp.accounts.services import create_token
from webapp.analyses.models import Analysis
from webapp.core import paths
from webapp.local.embedded.server import die_with_parent
from webapp.recordings.models import Upload

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx here")
DEPLOY = paths.PROJECT / "deploy" / "nginx"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Front:
    """nginx and the web process behind it. `log` is nginx's own."""

    def __init__(self, port: int, log: Path) -> None:
        self.base, self.log = f"http://127.0.0.1:{port}", log

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ready(self) -> bool:
        try:
            return requests.get(f"{self.base}/healthz", timeout=5).ok
        except requests.RequestException:
            return False


@pytest.fixture
def front(process: Start, tmp_path: Path) -> Iterator[Front]:
    inside, outside, log = free_port(), free_port(), tmp_path / "nginx.log"
    process(
        "web",
        GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{inside}",
        EMOTRACE_X_ACCEL_PREFIX="/media/",
        EMOTRACE_TRUSTED_PROXY_COUNT="1",
    )
    (tmp_path / "listen.conf").write_text((DEPLOY / "listen-plain.conf").read_text().replace("8080", str(outside)))
    text = (DEPLOY / "nginx.conf").read_text()
    for there, here in {
        " /tmp/": f" {tmp_path}/",
        "server web:8000": f"server 127.0.0.1:{inside}",
        "/etc/nginx/listen.conf": str(tmp_path / "listen.conf"),
        "/data/media/": f"{django_settings.MEDIA_ROOT}/",
        "/dev/stdout": str(log),
    }.items():
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "nginx.conf").write_text(text)
    # Its workers run as the user who has the files, as in production.
    alone = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    nginx = subprocess.Popen(
        ["nginx", "-c", str(tmp_path / "nginx.conf"), "-g", alone], preexec_fn=die_with_parent(signal.SIGTERM)
    )
    try:
        front = Front(outside, log)
        assert eventually(lambda: nginx.poll() is not None or front.ready())
        assert nginx.poll() is None, "nginx has ended"
        yield front
    finally:
        nginx.terminate()
        nginx.wait()


@pytest.fixture
def analysis(transactional_db: None) -> Analysis:
    return finished("happy", "sad")


@pytest.fixture
def owner(analysis: Analysis) -> requests.Session:
    return session_of(analysis.recording.owner)


def session_of(user: Any) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Token {create_token(user=user, name='test')[1]}"
    return session


def test_who_sends_slowly_holds_up_nobody(front: Front) -> None:
    host, port = front.base.removeprefix("http://").split(":")
    seen = requests.get(f"{front.base}/login/", timeout=30).cookies["csrftoken"]  # without, no body is read
    head = f"POST /login/ HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: csrftoken={seen}\r\n"
    body = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nu"
    with ExitStack() as stack:
        for text in [head + body] * 40 + [head] * 40:
            slow = stack.enter_context(closing(socket.create_connection((host, int(port)))))
            slow.sendall(text.encode())
        assert requests.get(f"{front.base}/login/", timeout=30).ok


def test_only_files_may_be_large(front: Front, owner: requests.Session) -> None:
    body = bytes(21 * 2**20)
    statuses = {path: owner.post(f"{front.base}/{path}", data=body).status_code for path in ("login/", "api/v1/tags/")}
    assert statuses == {"login/": 413, "api/v1/tags/": 413}
    assert "nginx" in owner.post(f"{front.base}/login/", data=body).text
    assert owner.post(f"{front.base}/api/v1/recordings/", data=body).status_code == 415


def test_annotations_may_be_as_large_as_documented(front: Front, owner: requests.Session, analysis: Analysis) -> None:
    place = f"recordings/{analysis.recording.pk}"
    for path in (f"{place}/markers/import/", f"{place}/transcript/import/", "projects/{}/markers/import/"):
        answer = owner.post(
            f"{front.base}/api/v1/{path}", files={"file": ("markers.csv", bytes(21 * 2**20))}, data={"format": "srt"}
        )
        assert answer.headers["Content-Type"] == "application/problem+json", path


def test_a_video_is_handed_out_by_nginx(front: Front, analysis: Analysis, owner: requests.Session) -> None:
    address = f"{front.base}/api/v1/analyses/{analysis.pk}/video/"
    content = analysis.artifacts.get().file.read()
    whole = owner.get(address, timeout=30)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "private" in whole.headers["Cache-Control"]
    assert "filename=" in whole.headers["Content-Disposition"] or whole.headers["Content-Disposition"] == "inline"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src" in whole.headers["Content-Security-Policy"]
    assert "X-Accel-Redirect" not in whole.headers

    part = owner.get(address, headers={"Range": "bytes=100-299"}, timeout=30)
    assert (part.status_code, part.content) == (206, content[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(content)}"
    beyond = owner.get(address, headers={"Range": f"bytes={len(content)}-"}, timeout=30)
    assert beyond.status_code == 416
    known = owner.get(address, headers={"If-None-Match": whole.headers["ETag"]}, timeout=30)
    assert (known.status_code, known.content) == (304, b"")
    changed = owner.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'}, timeout=30)
    assert (changed.status_code, changed.content) == (200, content)
    head = owner.head(address, timeout=30)
    assert (head.headers["Content-Length"], head.content) == (str(len(content)), b"")


def test_nobody_else_gets_there(front: Front, analysis: Analysis) -> None:
    address = f"{front.base}/api/v1/analyses/{analysis.pk}/video/"
    assert requests.get(address, timeout=30).status_code == 401
    assert session_of(UserFactory.create()).get(address, timeout=30).status_code == 404
    name = analysis.artifacts.get().file.name
    for path in (f"/media/{name}", f"/media/../media/{name}", f"/%6dedia/{name}"):
        assert requests.get(front.base + path, timeout=30).status_code == 404


TRAVERSAL = [
    "/media/{name}",
    "//media/{name}",
    "/static/../media/{name}",
    "/static/%2e%2e/media/{name}",
    "/static/..%2fmedia/{name}",
    "/static/..%252fmedia/{name}",
    "/static/%252e%252e/media/{name}",
    "/static/..\\media\\{name}",
    "/static/..%5cmedia%5c{name}",
    "/static/..%c0%afmedia/{name}",
    "/media%2f{name}",
    "/media/%00{name}",
    "/media/recordings/../../secret_key",
    "/media/..%2fsecret_key",
    "/media../secret_key",
]


def test_no_spelling_of_an_address_leads_to_a_file(front: Front, analysis: Analysis) -> None:
    made = analysis.artifacts.get()
    labelled = made.file.read()
    secret = Path(django_settings.DATA_DIR, "secret_key").read_bytes()
    for spelling in TRAVERSAL:
        # As it stands here: other clients would tidy it up first.
        with closing(HTTPConnection(front.base.removeprefix("http://"), timeout=30)) as connection:
            connection.putrequest("GET", spelling.format(name=made.file.name))
            connection.endheaders()
            answer = connection.getresponse()
            content = answer.read()
        assert answer.status in (400, 404), spelling
        assert labelled not in content and secret not in content


def test_parts_larger_than_nginx_would_take_pass(front: Front, owner: requests.Session) -> None:
    content = os.urandom(3 * 2**20)
    owner.headers["Tus-Resumable"] = "1.0.0"
    begun = owner.post(f"{front.base}/api/v1/uploads/", headers={"Upload-Length": str(len(content))}, timeout=30)
    assert begun.status_code == 201, begun.text
    sent = owner.patch(
        front.base + begun.headers["Location"],
        data=content,
        headers={"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        timeout=60,
    )
    assert sent.status_code == 204, sent.text
    assert Upload.objects.get().path.read_bytes() == content


def test_one_id_and_no_address_in_the_lines(front: Front) -> None:
    answer = requests.get(f"{front.base}/login/", params={"next": "Zebulon"}, timeout=30)
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert eventually(lambda: any(line["request_id"] == answer.headers["X-Request-ID"] for line in front.lines()))
    assert "Zebulon" not in front.log.read_text()
    assert "127.0.0.1" not in front.log.read_text()


def test_metrics_stay_closed_from_outside(front: Front) -> None:
    assert requests.get(f"{front.base}/metrics", timeout=30).status_code == 404


@pytest.mark.parametrize("name", ["listen-plain.conf", "listen-tls.conf"])
def test_what_it_listens_on_is_a_configuration(name: str, tmp_path: Path) -> None:
    """`http2 on` came with nginx 1.25: an older one checks the rest."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes", "-newkey", "rsa:2048"]
    made = ["openssl", "req", "-x509", *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    listen = (DEPLOY / name).read_text()
    listen = listen.replace("/run/secrets/tls_certificate", str(certificate)).replace("/run/secrets/tls_key", str(key))
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    if tuple(map(int, re.findall(r"\d+", said)[:2])) < (1, 25):
        listen = listen.replace("http2 on;", "")
    (tmp_path / "listen.conf").write_text(listen)
    text = (DEPLOY / "nginx.conf").read_text().replace(" /tmp/", f" {tmp_path}/").replace("web:8000", "127.0.0.1:8000")
    (tmp_path / "nginx.conf").write_text(text.replace("/etc/nginx/listen.conf", str(tmp_path / "listen.conf")))
    done = subprocess.run(
        ["nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
