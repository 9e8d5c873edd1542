"""The colours of the emotions against what they stand on, by WCAG 2.2: 3:1 for what is no text, 4.5:1 for names."""

import re
from itertools import chain
from pathlib import Path

import pytest

STYLES = Path(__file__).resolve().parents[3] / "webapp" / "static" / "emotrace"
GROUNDS = ("--bs-body-bg", "--surface", "--surface-sunk")
LABELS = {"neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"}


def luminance(colour: str) -> float:
    digits = "".join(2 * each for each in colour[1:]) if len(colour) == 4 else colour[1:]
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def grounds(theme: str) -> list[str]:
    """The colours of page, panel and track."""
    rule = re.search(rf'\[data-bs-theme="{theme}"\] {{(.*?)}}', (STYLES / "emotrace.css").read_text(), re.DOTALL)
    assert rule is not None
    colours = dict(re.findall(r"(--[\w-]+): (#\w+);", rule[1]))
    return [colours[name] for name in GROUNDS]


def colours(theme: str) -> dict[str, tuple[str, str]]:
    """Each emotion's colour and that of a name on it; those of dark pages stand in for others where they are said."""
    css = (STYLES / "emotions.css").read_text()
    rules = [r"^\.emotion-(\w+)", *([r'^\[data-bs-theme="dark"\] \.emotion-(\w+)'] if theme == "dark" else [])]
    found = [re.findall(rf"{rule} {{ --emotion: (#\w+); --on-emotion: (#\w+)", css, re.MULTILINE) for rule in rules]
    return {label: (fill, ink) for label, fill, ink in chain.from_iterable(found)}


def test_every_emotion_is_seen_on_dark_pages_and_panels() -> None:
    assert colours("dark").keys() == LABELS
    for label, (fill, _) in colours("dark").items():
        assert min(contrast(fill, each) for each in grounds("dark")) >= 3, label


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_are_read_on_every_emotion(theme: str) -> None:
    assert {label for label, (fill, ink) in colours(theme).items() if contrast(fill, ink) < 4.5} == set()
