"""Which files the page takes, and which of them become one recording."""

import re
import unicodedata
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_upload import add, analyse, choose, form, kept
from tests.integration.rest import SAMPLES
from tests.webapp import clips

pytestmark = pytest.mark.usefixtures("transactional_db")
__all__ = ["form"]

VIDEO, SOUND = clips.video(2), clips.wav(2)


def made(folder: Path, *names: str) -> list[Path]:
    """Files of these names, videos and sounds."""
    for name in names:
        (folder / name).write_bytes(SOUND if name.lower().endswith(".wav") else VIDEO)
    return [folder / name for name in names]


def avchd(path: Path) -> Path:
    """A clip as camcorders write it: MPEG-TS in packets of 192 bytes."""
    options = {"mpegts_m2ts_mode": "1"}
    with (
        av.open(str(SAMPLES / "interview.mp4")) as read,
        av.open(str(path), "w", format="mpegts", options=options) as written,
    ):
        copies = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None and packet.dts * packet.time_base < 4:
                packet.stream = copies[packet.stream_index]
                written.mux(packet)
    return path


def test_a_clip_of_a_camcorder_is_taken(form: Page, tmp_path: Path) -> None:
    choose(form, avchd(tmp_path / "00001.MTS"))
    form.get_by_role("checkbox").check()
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert list(kept(form)) == ["00001 video"]


def test_names_pair_in_any_form_of_unicode(form: Page, tmp_path: Path) -> None:
    names = [
        *(unicodedata.normalize("NFD", "Müller") + ".mp4", unicodedata.normalize("NFC", "Müller") + ".wav"),
        *(unicodedata.normalize("NFC", "Jörg") + ".mp4", unicodedata.normalize("NFD", "Jörg") + ".wav"),
    ]
    choose(form, *made(tmp_path, *names))
    expect(form.locator("#recordings > li")).to_have_count(2)
    for row in form.locator("#recordings > li").all():
        expect(row.locator("[data-part=kind]")).to_have_text(["Video", "Sound"])


def test_the_suffixes_of_the_data_set_pair(form: Page, tmp_path: Path) -> None:
    suffixes = ("_aud.wav", "_Aud.wav", "_AUDIO.WAV", "-voice.wav", ".wav")
    pairs = [(f"00{n}_Trial_01_Listening_Neutral", suffix) for n, suffix in enumerate(suffixes)]
    files = [file for name, suffix in pairs for file in (f"{name}{suffix}", f"{name}.MP4")]
    choose(form, *made(tmp_path, *files, "009_Trial_01_Speaking_Neutral.MP4"))
    expect(form.locator("#recordings > li")).to_have_count(len(pairs) + 1)
    for name, suffix in pairs:
        row = form.locator("#recordings > li").filter(has_text=f"{name}.MP4")
        expect(row.locator("[data-part=file]")).to_have_text([f"{name}.MP4", f"{name}{suffix}"])


def test_a_sound_that_could_belong_to_two_videos_is_asked_about(form: Page, tmp_path: Path) -> None:
    choose(form, *made(tmp_path, "p01.mp4", "p01.mov", "p01.wav"))
    expect(form.locator("#recordings > li")).to_have_count(3)
    form.get_by_role("checkbox").check()
    analyse(form)
    alone = form.locator("#recordings > li").filter(has=form.get_by_text(re.compile(r"^p01\.wav$")))
    expect(alone.locator("[data-row-error=row]")).to_contain_text("Add it to the video that it belongs to")


def test_only_files_of_one_selection_pair(form: Page, tmp_path: Path) -> None:
    video, sound = made(tmp_path, "p01.mp4", "p01.wav")
    choose(form, video)
    expect(form.locator("#recordings > li")).to_have_count(1)
    choose(form, sound)
    expect(form.locator("#recordings > li")).to_have_count(2)
    form.get_by_role("button", name="Remove p01.wav").click()
    expect(form.locator("#recordings > li")).to_have_count(1)
    add(form.locator("#recordings > li"), sound)
    expect(form.locator("[data-part=kind]")).to_have_text(["Video", "Sound"])
