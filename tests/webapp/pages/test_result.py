"""The page of one analysis, at every moment of its life."""

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escapejs

from inference.errors import Code
from inference.export import WRITERS
from inference.types import BadChannel, EegFacts
from tests.inference.timelines import fused
from tests.integration.rest import SAMPLES
from tests.webapp.factories import AnalysisFactory, claimed
from tests.webapp.pages.conftest import NOTICE, fail, publish
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.execution.lease import WORKER_LOST, claim
from webapp.analyses.execution.publishing import publish_timeline, publish_video
from webapp.analyses.models import Analysis, WindowScore
from webapp.recordings.models import Recording


def shown(client: Client, analysis: Analysis) -> str:
    return client.get(reverse("pages:result", args=[analysis.pk])).content.decode()


def live(client: Client, analysis: Analysis, state: str) -> str:
    return client.get(reverse("pages:progress", args=[analysis.pk]), {"state": state}).content.decode()


def test_what_waits_says_so_and_asks_again(owner: Client, waiting: Analysis) -> None:
    page = shown(owner, waiting)
    assert "Waiting for a free worker" in page
    assert 'hx-trigger="every 1s"' in page
    assert reverse("pages:original", args=[waiting.recording_id]) in page
    assert 'id="timeline-svg"' not in page


def test_a_stage_is_told_in_words_and_percent(owner: Client, waiting: Analysis) -> None:
    claim(waiting.pk, published=False)
    Analysis.objects.filter(pk=waiting.pk).update(stage="score", progress=0.4249)
    page = live(owner, waiting, "00")
    assert "Reading face and voice" in page
    assert "42 %" in page
    assert "hx-swap-oob" not in page


def test_the_timeline_comes_as_soon_as_it_is_published(owner: Client, waiting: Analysis) -> None:
    publish(waiting)
    page = live(owner, waiting, "00")
    assert page.count('hx-swap-oob="true"') == 7
    assert page.count('<tr aria-rowindex="') == 4
    assert page.count('id="timeline-data"') == 1
    assert "The timeline is ready" in page
    assert "state=10" in page
    assert reverse("api:video", args=[waiting.pk]) not in page
    assert "hx-swap-oob" not in live(owner, waiting, "10")


def test_a_poll_is_answered_only_where_something_changed(owner: Client, waiting: Analysis) -> None:
    address = reverse("pages:progress", args=[waiting.pk])
    etag = owner.get(address, {"state": "00"}).headers["ETag"]
    assert f"{escapejs(etag)}" in shown(owner, waiting)
    same = owner.get(address, {"state": "00"}, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    Analysis.objects.filter(pk=waiting.pk).update(progress=0.01)
    assert owner.get(address, {"state": "00"}, headers={"If-None-Match": etag}).status_code == 200


def test_pages_ask_the_more_rarely_the_older_the_analysis_is(owner: Client, waiting: Analysis) -> None:
    address = reverse("pages:progress", args=[waiting.pk])
    etag = owner.get(address, {"state": "00"}).headers["ETag"]
    for age_s, seconds in ((40, 2), (100, 6), (5000, 10)):
        created_at = timezone.now() - timedelta(seconds=age_s)
        Analysis.objects.filter(pk=waiting.pk).update(created_at=created_at)
        answer = owner.get(address, {"state": "00"}, headers={"If-None-Match": etag})
        assert f'hx-trigger="every {seconds}s"' in answer.content.decode()
    assert 'hx-trigger="every 10s"' in owner.get("/").content.decode()


def test_the_labelled_video_ends_the_asking(owner: Client, finished: Analysis) -> None:
    page = live(owner, finished, "10")
    assert "hx-get" not in page
    assert f'data-source="{reverse("api:video", args=[finished.pk])}" data-new-source' in page


def test_a_timeline_that_is_there_is_not_taken_from_under_somebodys_hands(owner: Client, finished: Analysis) -> None:
    page = live(owner, finished, "10")
    assert page.count('hx-swap-oob="true"') == 2
    assert 'id="timeline-data"' not in page
    assert 'id="timeline-data"' in live(owner, finished, "00")


def test_a_finished_analysis_shows_all_there_is(owner: Client, finished: Analysis) -> None:
    page = shown(owner, finished)
    assert f'src="{reverse("api:video", args=[finished.pk])}"' in page
    assert "every 1s" not in page
    assert 'aria-label="Go to 0:12.0"' in page
    assert 'aria-label="3 segments, listed in the table of segments"' in page
    assert reverse("pages:model", args=[finished.model_name, finished.model_version]) in page
    assert "<td><span class" in page[page.index('id="transitions"') :]
    assert "Cohen" not in page
    assert "Neither face nor voice" in page
    assert NOTICE in page
    for name in ("json", "csv", "vtt", "srt", "eaf", "textgrid", "bids"):
        assert reverse("api:export", args=[finished.pk, name]) in page


def test_the_readers_are_compared_where_there_is_eeg(owner: Client, published: Analysis) -> None:
    for start_s in range(0, 24, 6):
        label = 1 if start_s < 12 else 2
        WindowScore.objects.create(
            analysis=published,
            start_s=start_s,
            end_s=start_s + 6,
            source="eeg",
            logits=[0.0, 0.0, 0.0],
            probabilities=[0.8 if index == label else 0.1 for index in range(3)],
            face=0.0,
            voice=0.0,
        )
    page = shown(owner, published)
    assert '<dd id="agreement-same">50 %</dd>' in page
    assert '<dd id="agreement-kappa">0.00</dd>' in page
    assert "here the agreement is no better than chance" in page
    assert "EEG alone" in page


def test_the_average_stands_beside_the_time_that_a_label_won(owner: Client, published: Analysis) -> None:
    page = words(shown(owner, published))
    assert "Whole recording" in page
    assert "happy 50 % 70 % sad 25 % 20 % undetermined 25 % – neutral 0 % 10 %" in page
    assert "Audio and video alone" not in page[page.index("Whole recording") :]


def test_beside_the_label_with_eeg_stands_that_of_audio_and_video(owner: Client, user: User) -> None:
    analysis = AnalysisFactory.create(recording__owner=user, recording__duration_s=80.0)
    publish_timeline(claimed(analysis), fused())
    page = words(shown(owner, analysis))
    assert "Fused with EEG sad 61 % Audio and video alone happy 58 %" in page
    assert "face seen 69 %, voice heard 71 %, EEG present" in page
    assert "face: sad 50 %, voice: happy 80 %, EEG: sad 70 %, audio and video: happy 80 %" in page
    assert "face seen 100 %, voice heard 0 %, no EEG" in page


def test_how_the_eeg_was_read_is_said_on_the_page_and_in_the_files(owner: Client, user: User) -> None:
    facts = EegFacts("V", 250.0, "assumed", (BadChannel("Cz", "flat"),))
    analysis = AnalysisFactory.create(recording__owner=user)
    publish_timeline(claimed(analysis), replace(fused(), eeg=facts))
    page = shown(owner, analysis)
    assert "EEG in volts at 250 Hz. The file names no channels: they were read in EAV" in page
    assert "Read, but hardly EEG: Cz (flat)." in page
    written = owner.get(reverse("api:export", args=[analysis.pk, "json"])).json()["eeg"]
    assert written == {
        "unit": "V",
        "sfreq": 250.0,
        "channel_order": "assumed",
        "bad_channels": [{"name": "Cz", "reason": "flat"}],
    }


def words(page: str) -> str:
    """What a person reads, without elements and line breaks."""
    return " ".join(re.sub("<[^>]+>", " ", page).split())


@pytest.mark.parametrize(("asked", "first"), [("1", 0), ("2", 2), ("99", 2), ("nonsense", 0)])
def test_the_table_of_segments_has_pages(
    owner: Client, published: Analysis, monkeypatch: pytest.MonkeyPatch, asked: str, first: int
) -> None:
    monkeypatch.setattr("webapp.pages.timeline.result_context.SEGMENTS_PER_PAGE", 2)
    page = owner.get(reverse("pages:result", args=[published.pk]), {"segments": asked}).content.decode()
    assert page.count('data-number="') == (2 if first == 0 else 1)
    assert f'data-number="{first}"' in page
    assert f"{first + 1} to {min(first + 2, 3)} of 3" in page


def test_the_page_takes_few_queries(owner: Client, published: Analysis, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(14):
        shown(owner, published)


def test_a_bad_recording_is_blamed_and_another_one_asked_for(owner: Client, waiting: Analysis) -> None:
    fail(waiting, Code.TRUNCATED_VIDEO, "The video ends too early. Copy it again.")
    page = shown(owner, waiting)
    assert "The video ends too early. Copy it again." in page
    assert "Upload a corrected recording" in page
    assert "hx-get" not in page


def test_a_lost_worker_is_no_fault_of_the_recording(owner: Client, waiting: Analysis) -> None:
    fail(waiting, WORKER_LOST, "The worker was lost three times.")
    assert "choose “Analyse again” above" in shown(owner, waiting)


def test_cancelling_stops_it(owner: Client, waiting: Analysis) -> None:
    page = owner.post(reverse("pages:cancel", args=[waiting.pk]), follow=True).content.decode()
    assert "You cancelled this analysis" in page
    waiting.refresh_from_db()
    assert waiting.status == Analysis.Status.CANCELLED


def test_another_model_reads_it_again(owner: Client, finished: Analysis) -> None:
    path = reverse("pages:reanalyse", args=[finished.recording_id])
    page = owner.post(path, {"model": "intermediate-attention-5"}, follow=True).content.decode()
    assert "Waiting for a free worker" in page
    assert 'aria-label="Analyses of this recording"' in page
    assert finished.recording.analyses.get(model_name="intermediate-attention-5").status == Analysis.Status.QUEUED


def test_a_model_that_needs_eeg_is_not_offered_and_is_refused_in_words(owner: Client, finished: Analysis) -> None:
    assert "fusion-cnn-5" not in shown(owner, finished)
    path = reverse("pages:reanalyse", args=[finished.recording_id])
    page = owner.post(path, {"model": "fusion-cnn-5"}, follow=True).content.decode()
    assert "cannot read a recording without EEG" in page
    assert finished.recording.analyses.count() == 1


def test_the_mark_of_a_demonstration_is_shown(owner: Client, finished: Analysis) -> None:
    assert "demonstration: EEG simulated" not in shown(owner, finished)
    Analysis.objects.filter(pk=finished.pk).update(model_name="fusion-cnn-5")
    assert "demonstration: EEG simulated" in shown(owner, finished)
    assert "demonstration: EEG simulated" in owner.get("/").content.decode()


def test_the_original_video_is_handed_out_in_parts(owner: Client, waiting: Analysis) -> None:
    answer = owner.get(reverse("pages:original", args=[waiting.recording_id]), headers={"Range": "bytes=0-99"})
    assert answer.status_code == 206
    assert len(b"".join(answer)) == 100


@pytest.mark.django_db(transaction=True)
def test_deleting_asks_first_and_then_erases(owner: Client, finished: Analysis) -> None:
    path = reverse("pages:delete", args=[finished.recording_id])
    assert "cannot be undone" in owner.get(path).content.decode()
    assert Recording.objects.exists()
    assert "No recordings yet" in owner.post(path, follow=True).content.decode()
    assert not Recording.objects.exists()


def test_a_title_cannot_break_the_page(owner: Client, finished: Analysis) -> None:
    Recording.objects.update(title="<script>alert(1)</script>")
    assert "<script>alert" not in shown(owner, finished)
    assert "<script>alert" not in owner.get("/").content.decode()


def test_an_analysis_that_is_over_is_not_cancelled(owner: Client, finished: Analysis) -> None:
    assert services.cancel(analysis=finished) is False
    owner.post(reverse("pages:cancel", args=[finished.pk]))
    finished.refresh_from_db()
    assert finished.status == Analysis.Status.SUCCEEDED


def test_every_file_can_be_downloaded(owner: Client, finished: Analysis) -> None:
    page = shown(owner, finished)
    for name in WRITERS:
        assert f'href="{reverse("api:export", args=[finished.pk, name])}" download' in page


def test_the_video_with_chapters_is_there_as_soon_as_it_is_made(
    owner: Client, published: Analysis, tmp_path: Path
) -> None:
    address = f'href="{reverse("api:chapters", args=[published.pk])}" download'
    page = shown(owner, published)
    assert "Video with chapters: being prepared" in page
    assert address not in page
    lease = claim(published.pk, published=True)
    assert lease is not None
    labelled, chapters = (Path(shutil.copy(SAMPLES / "interview.mp4", tmp_path / f"{name}.mp4")) for name in "ab")
    publish_video(lease, labelled, chapters)
    page = shown(owner, published)
    assert "being prepared" not in page
    assert address in page
