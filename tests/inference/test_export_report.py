"""The report, read back as a browser's parser reads it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import store
from inference.export import WRITERS, RecordingInfo
from inference.export.plots import COLOURS
from inference.types import ModelUsed, Timeline
from inference.wording import clock
from tests.inference.timelines import LABELS, TITLE, fused, timeline

HOSTILE = "</title></style><script>alert(1)</script><img src=//evil.example onerror=alert(1)> & \"'"


class Page(HTMLParser):
    """The elements, and the text of those that were asked for."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.tags[-1][0] if self.tags else "", data))

    def all(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.texts)


def report(of: Timeline | None = None, title: str = TITLE) -> Page:
    return Page(WRITERS["html"].write(of or timeline(), RecordingInfo(title)))


def test_it_says_what_was_read_and_what_that_is_not() -> None:
    page = report(title="Visit 1")

    assert page.all("h1") == ["Visit 1"]
    assert page.all("title")[0] == "Visit 1 - Emotrace"
    assert timeline().notice in page.all("p")
    for fact in ("1:01:01.5 (3661.500 s)", "1280 x 720 pixels, 29.97 frames a second", "ab" * 32, "cd" * 32):
        assert fact in page.text
    assert "a-model, version 1" in page.text


def test_every_segment_is_in_the_table_and_in_the_strip() -> None:
    page = report()

    assert re.findall(r"(Happy|Sad|Undetermined)", " ".join(page.all("rect")[-4:])) == [
        *("Happy", "Undetermined", "Happy", "Sad"),
    ]
    cells = page.all("td")
    assert [cell for cell in cells if ":" in cell] == [
        *("0:00.0", "0:01.0", "0:01.0", "0:15.1", "0:15.1", "1:00:00.0", "1:00:00.0", "1:01:01.5"),
    ]
    assert cells.count("75 %") == 3 and cells.count("–") == 1
    assert "Happy 75 %, 0:15.1 to 1:00:00.0" in page.all("title")


def test_it_draws_strip_probabilities_and_shares() -> None:
    page = report()
    drawn = [attributes["aria-label"] or "" for tag, attributes in page.tags if tag == "svg" and "role" in attributes]

    assert [words.split()[0] for words in drawn] == ["The", "The", "neutral"]
    assert "happy 97.9 %" in drawn[2]
    assert [attributes.get("fill") for tag, attributes in page.tags if tag == "path" and attributes.get("fill")] == [
        COLOURS[label][0] for label in LABELS
    ]


def test_it_runs_nothing_and_fetches_nothing() -> None:
    page = report(title=HOSTILE)

    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object", "form", "a", "base"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "href", "style") for name in attributes)
    whole = WRITERS["html"].write(timeline(), RecordingInfo(HOSTILE)).decode()
    assert "url(" not in whole.replace("url(#hatch)", "")
    assert "@import" not in whole
    (policy,) = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.slow
@settings(max_examples=30)
@given(st.sampled_from([HOSTILE, "<!--", "]]>", "&lt;b&gt;", "\ud800"]) | st.text(alphabet=st.characters(codec=None)))
def test_no_title_adds_an_element(title: str) -> None:
    plain, hostile = report(title="plain"), report(title=title)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]


def test_a_hostile_title_is_shown_as_it_is() -> None:
    page = report(title=HOSTILE)
    assert "".join(page.all("h1")) == HOSTILE


def test_hostile_labels_and_models_are_text_too() -> None:
    odd = timeline()
    names = {label: f"{label}{HOSTILE}" for label in LABELS}
    segments = tuple(
        replace(
            one,
            label=names.get(one.label, one.label),
            probabilities={names[label]: share for label, share in one.probabilities.items()},
        )
        for one in odd.segments
    )
    labels = tuple(names.values())
    model = ModelUsed(HOSTILE, "1", "0" * 64, labels)
    page = report(replace(odd, labels=labels, segments=segments, models=(model,), notice=HOSTILE))
    assert not {tag for tag, _ in page.tags} & {"script", "img"}


def test_a_model_of_the_store_brings_the_facts_of_its_card() -> None:
    spec = store.get(store.DEFAULT_FUSION)
    page = report(replace(timeline(), models=(spec.used,)))

    assert "demonstration: EEG simulated" in page.all("p")
    assert "What it is" in page.all("dt") and "Not to be used for" in page.all("dt")
    assert spec.spec.licence in page.all("dd")
    assert any("real person's EEG" in fact for fact in page.all("dd"))


def test_another_model_of_the_same_name_brings_none() -> None:
    spec = store.get(store.DEFAULT_FUSION)
    page = report(replace(timeline(), models=(replace(spec.used, sha256="0" * 64),)))
    assert "demonstration: EEG simulated" not in page.all("p")
    assert "What it is" not in page.all("dt")


def test_what_there_was_is_said_beside_what_each_says_alone() -> None:
    cells = report(fused()).all("td")
    assert "face seen 69 %, voice heard 71 %, EEG present" in cells
    assert "face: sad 50 %, voice: happy 80 %, EEG: sad 70 %, audio and video: happy 80 %" in cells
    assert "face seen 100 %, voice heard 0 %, no EEG" in cells
    without = report().all("td")
    assert "face seen 100 %, voice heard 50 %" in without
    assert without.count("not recorded") == 3


def test_beside_a_label_with_eeg_stands_that_of_audio_and_video() -> None:
    said = report(fused()).all("p")
    assert "Over the whole recording with EEG: sad, 75 % of the time, mean probability 61 %" in said
    assert "Audio and video alone: happy, 38 % of the time, mean probability 58 %" in said
    assert not any("alone" in words for words in report().all("p"))


def test_mean_probabilities_stand_beside_shares_of_time() -> None:
    page = report()
    assert "Mean probability of each emotion" in page.all("h3")
    assert "73.9 %" in page.all("dd")
    assert "97.9 %" in page.all("text")


def test_an_empty_timeline_is_still_a_report() -> None:
    assert "Segments (0)" in report(replace(timeline(), segments=(), windows=())).all("h2")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00.0"), (3.64, "0:03.6"), (59.96, "1:00.0"), (3599.99, "1:00:00.0"), (3723, "1:02:03.0")],
)
def test_a_moment_reads_as_a_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_colours_are_those_of_the_application() -> None:
    styles = Path(__file__).resolve().parents[2] / "webapp" / "static" / "emotrace" / "emotions.css"
    found = dict(re.findall(r"^\.emotion-(\w+) \{ --emotion: (#\w+)", styles.read_text(), re.MULTILINE))
    assert {label: colour for label, (colour, _) in COLOURS.items() if label != "undetermined"} == found
