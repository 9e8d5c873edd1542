"""The unit of an EEG file over REST: refused by scale, converted where it is said, kept with the recording."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.webapp import clips
from webapp.recordings.models import MediaFile

URL = "/api/v1/recordings/"
pytestmark = pytest.mark.django_db


def send(api: Any, factor: float, **more: str) -> Any:
    content = clips.mat(eeg=clips.eeg() * factor, fs=100.0)
    files = {
        "video": SimpleUploadedFile("p01.mp4", clips.video(20)),
        "eeg": SimpleUploadedFile("p01.mat", content),
    }
    return api.post(URL, {"consent": "true", **files, **more}, format="multipart")


def test_volts_are_refused_until_they_are_said(api: Any) -> None:
    answer = send(api, 1e-6)
    assert (answer.status_code, answer.json()["code"]) == (422, "eeg_unit")
    assert "volts" in answer.json()["detail"]
    answer = send(api, 1e-6, eeg_unit="V")
    assert answer.status_code == 201
    assert MediaFile.objects.get(kind="eeg").eeg_unit == "V"
    assert next(file["eeg_unit"] for file in answer.json()["files"] if file["kind"] == "eeg") == "V"


def test_a_unit_that_is_none_is_refused(api: Any) -> None:
    assert send(api, 1, eeg_unit="furlong").status_code == 400
