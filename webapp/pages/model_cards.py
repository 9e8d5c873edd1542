"""The models of the store, in words for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from markdown_it import MarkdownIt

from inference import store

READS = {
    "audio-video": "face and voice",
    "eeg": "EEG alone, as a part of other models",
    "fusion": "face, voice and EEG",
}
ACRONYMS = {"cnn": "CNN", "eeg": "EEG", "waver": "WAVER"}

# Raw HTML in a card is shown as text, and a card brings no pictures from elsewhere.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


@dataclass(frozen=True)
class Entry:
    name: str
    version: str
    labels: tuple[str, ...]
    demonstration: str | None
    reads_eeg: bool
    words: str


@dataclass(frozen=True)
class Score:
    name: str
    value: str


def entry(spec: store.StoredModel) -> Entry:
    words = f"Reads {READS[spec.kind]}. Tells {len(spec.labels)} emotions apart: {', '.join(spec.labels)}."
    return Entry(spec.name, spec.version, spec.labels, spec.demonstration, spec.kind == "fusion", words)


def entries() -> list[Entry]:
    """Every model, newest version first within a name."""
    return [entry(spec) for spec in store.list_models()]


def choices(*, with_eeg: bool | None = None) -> list[Entry]:
    """The models that can be chosen for a recording, each in its newest version: with EEG, without, or both."""
    kinds = {None: ("audio-video", "fusion"), True: ("fusion",), False: ("audio-video",)}[with_eeg]
    newest: dict[str, Entry] = {}
    for spec in store.list_models():
        if spec.kind in kinds:
            newest.setdefault(spec.name, entry(spec))
    return sorted(newest.values(), key=lambda each: (each.reads_eeg, each.name != store.DEFAULT_AUDIO_VIDEO, each.name))


def marks() -> dict[tuple[str, str], str]:
    """What the models for demonstration carry wherever they are shown, by name and version."""
    return {
        (spec.name, spec.version): f"demonstration: {spec.demonstration}"
        for spec in store.list_models()
        if spec.demonstration
    }


def card(spec: store.StoredModel) -> SafeString:
    return mark_safe(_markdown.render(spec.card))  # noqa: S308 - the renderer escapes all raw HTML


def scores(spec: store.StoredModel) -> list[Score]:
    """Every accuracy among a model's metrics, named by where it stands there."""
    return list(_accuracies(spec.metrics.get("scores", {}), ()))


def _accuracies(found: dict[str, Any], path: tuple[str, ...]) -> Iterator[Score]:
    if "accuracy" in found:
        low, high = found.get("interval_95", (None, None))
        spread = f" ({100 * low:.0f} to {100 * high:.0f})" if low is not None else ""
        words = ", ".join(path).replace("_", " ").split(" ")
        name = " ".join(ACRONYMS.get(word, word) for word in words)
        yield Score(capfirst(name), f"{100 * found['accuracy']:.1f} %{spread}")
        return
    for name, inner in found.items():
        if isinstance(inner, dict):
            yield from _accuracies(inner, (*path, name))
