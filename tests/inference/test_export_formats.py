"""What every format keeps to."""

import pytest

from inference.export import WRITERS, RecordingInfo
from tests.inference.timelines import TITLE, timeline


def test_the_documented_formats_are_there() -> None:
    assert set(WRITERS) == {"json", "csv", "vtt", "srt", "eaf", "textgrid", "bids", "html"}
    assert len({writer.extension for writer in WRITERS.values()}) == len(WRITERS)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("title", [TITLE, "", " \n"])
def test_a_title_from_a_user_never_stops_an_export(name: str, title: str) -> None:
    assert WRITERS[name].write(timeline(), RecordingInfo(title))


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "bids"])
def test_text_is_utf8(name: str) -> None:
    WRITERS[name].write(timeline(), RecordingInfo("größer 😀")).decode("utf-8", errors="strict")
