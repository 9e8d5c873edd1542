"""Analyses that are done, put into the database as a worker leaves them, and their pages in a browser."""

import shutil
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.files.base import File
from django.test import Client
from playwright.sync_api import Page, expect

from inference.types import (
    UNDETERMINED,
    Evidence,
    Face,
    Faces,
    MediaInfo,
    Mode,
    ModelUsed,
    Segment,
    Source,
    Timeline,
    Window,
)
from tests.integration.processes import eventually
from tests.integration.rest import SAMPLES, USER
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.execution.lease import claim
from webapp.analyses.execution.publishing import publish_timeline, publish_video
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording
from webapp.recordings.services import NewRecording, RecordingFiles

LABELS = ("neutral", "happy", "sad", "angry", "calm")
SAMPLE = SAMPLES / "interview.mp4"
EDGES_S = (0.0, 3.0, 6.0, 7.0, 10.0, 15.0, 24.0)
DURATION_S = EDGES_S[-1]
HOUR_S, MANY = 3600, 3000
PATIENCE_MS = 60_000  # a limit for whatever is waited for, not a measurement: a busy machine may take its time
STEP_S = 0.24  # from one face to the next
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
CUT = ("neutral", "happy", UNDETERMINED, "sad", "happy", "calm")


def submitted(owner: User, video: Path = SAMPLE) -> Analysis:
    """A recording that waits for a worker."""
    with video.open("rb") as file:
        files = RecordingFiles(File(file, video.name))
        return services.submit(owner=owner, new=NewRecording(files=files, consent=True, title="Interview"))


def publish(analysis: Analysis, timeline: Timeline) -> None:
    lease = claim(analysis.pk, published=False)
    assert lease is not None
    Recording.objects.filter(pk=analysis.recording_id).update(duration_s=timeline.media.duration_s)
    publish_timeline(lease, timeline)


def render(analysis: Analysis, place: Path, video: Path = SAMPLE) -> None:
    lease = claim(analysis.pk, published=True)
    assert lease is not None
    publish_video(lease, Path(shutil.copy(video, place / "labelled.mp4")))


def timeline(edges_s: tuple[float, ...] = EDGES_S, labels: tuple[str, ...] = CUT, *, eeg: bool = True) -> Timeline:
    """Segments with these edges and labels, and the windows that audio and video, and EEG, gave for them.

    EEG says the same as audio and video in the first half, and `neutral` in the second.
    """
    duration_s = edges_s[-1]
    cut = [_segment(*edges, label, eeg) for edges, label in zip(pairwise(edges_s), labels, strict=True)]
    at = {source: [one.label for one in cut] for source in Source}

    def windows(source: Source, length_s: float, hop_s: float) -> list[Window]:
        found = []
        for start in np.arange(0, max(duration_s - length_s, 0) + 1e-9, hop_s).tolist():
            middle = start + length_s / 2
            label = at[source][int(np.searchsorted(edges_s, middle, side="right")) - 1]
            if source is Source.EEG and (middle > duration_s / 2 or label == UNDETERMINED):
                label = "neutral"
            evidence = 0.0 if label == UNDETERMINED or source is Source.EEG else 0.9
            logits = tuple(0.0 for _ in LABELS)
            found.append(Window(start, start + length_s, source, logits, _shares(label), evidence, evidence))
        return found

    read = windows(Source.AUDIO_VIDEO, 3.6, 0.72) + (windows(Source.EEG, 1.0, 1.0) if eeg else [])
    mode = Mode.AUDIO_VIDEO_EEG if eeg else Mode.AUDIO_VIDEO
    media = MediaInfo(duration_s, 640, 480, 25.0, True, True, "0" * 64)
    used = (ModelUsed("intermediate-attention-8", "1", "0" * 64, LABELS),)
    notice = "It does not know what a person feels."
    return Timeline(mode, media, used, LABELS, tuple(read), tuple(cut), notice, faces(duration_s))


def faces(duration_s: float) -> Faces:
    """A face in the left half of the sample's picture, which moves down by a pixel a sample; none from 6 to 7 s."""
    times = (np.arange(int(duration_s / STEP_S)) + 0.5) * STEP_S
    seen = [(round(float(time), 3), number) for number, time in enumerate(times) if not 6 <= time < 7]
    return Faces(STEP_S, tuple(Face(time, 64, 36 + number, 128, 180) for time, number in seen))


def long_timeline(seconds: float, count: int) -> Timeline:
    """`count` segments of slightly different lengths over `seconds`."""
    lengths = np.resize([0.8, 1.0, 1.2], count)
    edges = np.concatenate(([0.0], np.cumsum(lengths) * seconds / lengths.sum())).round(3)
    edges[-1] = seconds
    labels = [label for label, _ in zip(cycle((*LABELS, UNDETERMINED)), range(count), strict=False)]
    return timeline(tuple(edges.tolist()), tuple(labels), eeg=False)


def long_video(path: Path, seconds: int) -> Path:
    """A grey picture, one frame a second."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, dtype=np.uint8), format="rgb24")
        for second in range(seconds):
            frame.pts = second
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def serious(page: Page) -> list[dict[str, Any]]:
    """What axe finds wrong for people who use no mouse or no eyes, trifles left out."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [violation for violation in found if violation["impact"] != "minor"]


def log_in(page: Page, username: str = USER) -> None:
    """Give the browser a session, without the form: the tests of accounts and of the journey fill that in."""
    client = Client()
    client.force_login(User.objects.get(username=username), backend=MODEL_BACKEND)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": urljoin(page.url, "/")}])


def open_result(page: Page, analysis: Analysis) -> None:
    """Log in if need be, and wait until the player knows its video."""
    if not any(cookie.get("name") == settings.SESSION_COOKIE_NAME for cookie in page.context.cookies()):
        log_in(page)
    page.goto(f"/analyses/{analysis.pk}/")
    has_loaded(page)


def has_loaded(page: Page) -> None:
    """The player knows its video. Looked at from here: the page's policy forbids to evaluate strings in it."""
    assert eventually(lambda: page.locator("#player").evaluate("video => video.readyState > 0"))


def _segment(start_s: float, end_s: float, label: str, eeg: bool) -> Segment:
    seen = 0.0 if label == UNDETERMINED else 0.9
    probabilities = dict(zip(LABELS, _shares(label), strict=True))
    said = {"face": label, "voice": "angry"} | ({"eeg": "neutral", "audio-video": "calm"} if eeg else {})
    alone = {name: dict(zip(LABELS, _shares(one), strict=True)) for name, one in said.items()}
    return Segment(
        *(start_s, end_s, label, probabilities.get(label, 0.0), probabilities),
        *(Evidence(seen, seen * 0.8, float(eeg)), {} if label == UNDETERMINED else alone),
    )


def _shares(label: str) -> tuple[float, ...]:
    if label == UNDETERMINED:
        return tuple(0.0 for _ in LABELS)
    return tuple(0.72 if each == label else 0.07 for each in LABELS)


def settled(page: Page) -> float:
    """The player's time once it has arrived where it was sent."""
    player = page.locator("#player")
    expect(player).to_have_js_property("seeking", False)
    return moment(page)


def moment(page: Page) -> float:
    """The player's time at present."""
    seconds: float = page.locator("#player").evaluate("video => video.currentTime")
    return seconds


def point(page: Page, seconds: float) -> None:
    """Move the mouse to a moment of the timeline that is not zoomed."""
    page.locator("#scrubber").scroll_into_view_if_needed()
    box = page.locator("#scrubber").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * seconds / DURATION_S, box["y"] + 60, steps=4)


def played(page: Page) -> None:
    page.locator("#player").evaluate("async video => { video.muted = true; await video.play(); }")


def pressed(page: Page, *keys: str) -> float:
    for key in keys:
        page.keyboard.press(key)
    return settled(page)


def factor(page: Page) -> float:
    return float(page.locator("#zoom-factor").inner_text().removesuffix("×"))
