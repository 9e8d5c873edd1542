"""The colours of the emotions against what they stand on, by WCAG 2.2: 3:1 for what is no text, 4.5:1 for names."""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).resolve().parents[2] / "webapp" / "static" / "emotrace"
GROUNDS = ("--bs-body-bg", "--surface", "--surface-sunk")
LABELS = {"neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"}
PREFIX = {"light": "", "dark": r'\[data-bs-theme="dark"\] '}


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_emotion_is_seen_on_page_and_panel(theme: str) -> None:
    css = (STYLES / "emotions.css").read_text()
    rule = rf"^{PREFIX[theme]}\.emotion-(\w+) {{ --emotion: (#\w+); --on-emotion: (#\w+)"
    found = re.findall(rule, css, re.MULTILINE)
    assert {label for label, _, _ in found} == LABELS
    assert {label for label, fill, ink in found if contrast(fill, ink) < 4.5} == set()
    for label, fill, _ in found:
        assert min(contrast(fill, each) for each in grounds(theme)) >= 3, label


@pytest.mark.parametrize(("theme", "at"), [("light", 0), ("dark", 1)])
def test_the_hatch_of_undetermined_is_seen_on_page_and_panel(theme: str, at: int) -> None:
    line = re.findall(r"--undetermined-line: (#\w+)", (STYLES / "emotions.css").read_text())[at]
    assert min(contrast(line, each) for each in grounds(theme)) >= 3
