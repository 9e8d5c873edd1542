"""Names that lead elsewhere or look like others: refused where they arrive as they are, harmless where they do not."""

import base64
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.hostile.videos import video
from tests.webapp import clips
from webapp.recordings.models import MediaFile, Upload

MISLEADING = {
    "a folder above": "../../etc/cron.d/clip.mp4",
    "a folder above, of another system": "..\\..\\clip.mp4",
    "from the root": "/etc/passwd",
    "the folder above": "..",
    "an end within": "clip.mp4\0.html",
    "a line's end": "clip\r\nX-Header: 1.mp4",
    "an escape": "\x1b]0;clip\x07.mp4",
    "written backwards": "clip\u202e4pm.exe",
    "isolated": "clip\u2067.mp4",
    "very long": "x" * 5000 + ".mp4",
}


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("name", MISLEADING.values(), ids=MISLEADING)
def test_it_is_refused_before_anything_of_the_file_comes(api: APIClient, media_root: Path, name: str) -> None:
    encoded = base64.b64encode(name[-2000:].encode()).decode()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": f"filename {encoded}"}
    answer = api.post("/api/v1/uploads/", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "file_name")
    assert not Upload.objects.exists()
    assert clips.everything_in(media_root) == []


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("name", MISLEADING.values(), ids=MISLEADING)
def test_in_a_form_only_what_is_harmless_of_it_arrives(api: APIClient, media_root: Path, name: str) -> None:
    # By hand: test clients and browsers would clean the name before they send it.
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="consent"\r\n\r\ntrue',
        b'--x\r\nContent-Disposition: form-data; name="video"; filename="%s"\r\n\r\n%s' % (name.encode(), video()),
        b"--x--\r\n",
    ]
    body: Any = b"\r\n".join(parts)
    answer = api.generic("POST", "/api/v1/recordings/", body, content_type="multipart/form-data; boundary=x")
    if answer.status_code != 201:
        assert answer.json()["code"] in ("invalid", "file_extension", "parse_error")
        assert clips.everything_in(media_root) == []
        return
    (kept,) = clips.everything_in(media_root)
    assert kept.is_relative_to(media_root / "recordings")
    shown = MediaFile.objects.get().original_name
    assert shown.isprintable() and "/" not in shown and "\\" not in shown and len(shown) < 100
