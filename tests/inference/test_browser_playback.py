"""Which videos every browser plays, by their contents alone."""

from pathlib import Path

import pytest

from inference.errors import InputError
from inference.media.browser_playback import check_browser_playback
from inference.media.probe import probe_video
from tests.inference.playback import PLAYED, REFUSED, video


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "picture", "sound"), PLAYED)
def test_what_every_browser_plays_passes_as_its_container(
    tmp_path: Path, suffix: str, picture: str, sound: str
) -> None:
    path = video(tmp_path, suffix, picture, sound)
    assert check_browser_playback(path) == (".webm" if suffix == "webm" else ".mp4")


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "picture", "sound", "named"), REFUSED)
def test_what_not_every_browser_plays_is_named(
    tmp_path: Path, suffix: str, picture: str, sound: str, named: str
) -> None:
    path = video(tmp_path, suffix, picture, sound)
    probe_video(path)  # a recording may be one
    with pytest.raises(InputError) as refused:
        check_browser_playback(path)
    assert refused.value.code == "not_playable"
    assert refused.value.message.startswith(f"The video is {named}")
    assert "MP4 with H.264" in refused.value.message


def test_what_is_no_video_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "advert.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(InputError) as refused:
        check_browser_playback(path)
    assert refused.value.code == "not_a_video"
