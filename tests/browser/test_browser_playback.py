"""What stimuli may be made of, played by a real browser."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.inference.playback import PLAYED, video


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "picture", "sound"), PLAYED)
def test_chromium_plays_picture_and_sound_of_what_is_accepted(
    chromium: Browser, tmp_path: Path, suffix: str, picture: str, sound: str
) -> None:
    data = base64.b64encode(video(tmp_path, suffix, picture, sound).read_bytes()).decode()
    media_type = "video/webm" if suffix == "webm" else "video/mp4"
    with chromium.new_page() as page:
        page.set_content(f'<video src="data:{media_type};base64,{data}" autoplay muted></video>')
        player = page.locator("video")
        expect(player).to_have_js_property("ended", True)
        expect(player).to_have_js_property("videoWidth", 160)
        assert (player.evaluate("player => player.webkitAudioDecodedByteCount") > 0) == bool(sound)
