"""The models of the store, described for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from markdown_it import MarkdownIt

from inference import store
from inference.model_spec import AudioVisualSpec

MODALITIES = {
    "audio-video": "face and voice",
    "eeg": "EEG, as a part of other models",
    "fusion": "face, voice and EEG",
}
COMPARES = (
    "Compares the voice with the whole recording: for a mood that changes, not for one that stays the same throughout."
)
ACRONYMS = {"cnn": "CNN", "eeg": "EEG", "waver": "WAVER"}

# Raw HTML in a card is shown as text, and a card brings no pictures from elsewhere.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


@dataclass(frozen=True)
class ModelCard:
    """A model as the pages describe it."""

    name: str
    version: str
    labels: tuple[str, ...]
    demonstration: str | None
    uses_eeg: bool
    description: str


@dataclass(frozen=True)
class Score:
    """A metric with its name and its formatted value."""

    name: str
    value: str


def model_card(spec: store.StoredModel) -> ModelCard:
    """Describe a model of the store."""
    labels = ", ".join(spec.labels)
    description = f"Uses {MODALITIES[spec.kind]}. Distinguishes {len(spec.labels)} emotions: {labels}."
    if isinstance(spec.spec, AudioVisualSpec) and spec.spec.recording_norm:
        description += f" {COMPARES}"
    return ModelCard(spec.name, spec.version, spec.labels, spec.demonstration, spec.kind == "fusion", description)


def model_cards() -> list[ModelCard]:
    """Return every model, newest version first within a name."""
    return [model_card(spec) for spec in store.list_models()]


def selectable_models(*, with_eeg: bool | None = None) -> list[ModelCard]:
    """Return the newest version of each model that fits recordings with EEG, without, or by default any."""
    kinds = {None: ("audio-video", "fusion"), True: ("fusion",), False: ("audio-video",)}[with_eeg]
    newest: dict[str, ModelCard] = {}
    for spec in store.list_models():
        if spec.kind in kinds:
            newest.setdefault(spec.name, model_card(spec))
    return sorted(newest.values(), key=lambda each: (each.uses_eeg, each.name != store.DEFAULT_AUDIO_VIDEO, each.name))


def has_card(name: str, version: str) -> bool:
    """Return whether the store still has a model, so that its page can be opened."""
    return any((spec.name, spec.version) == (name, version) for spec in store.list_models())


def demonstration_notes() -> dict[tuple[str, str], str]:
    """Return the note that a demonstration model carries wherever it is shown, by (name, version)."""
    return {
        (spec.name, spec.version): f"demonstration: {spec.demonstration}"
        for spec in store.list_models()
        if spec.demonstration
    }


def render_card(spec: store.StoredModel) -> SafeString:
    """Return the Markdown model card as safe HTML."""
    card: SafeString = mark_safe(_markdown.render(spec.card))  # noqa: S308 - the renderer escapes all raw HTML
    return card


def scores(spec: store.StoredModel) -> list[Score]:
    """Return every accuracy among a model's metrics, named by its path there."""
    return list(_accuracies(spec.metrics.get("scores", {}), ()))


def _accuracies(metrics: dict[str, Any], path: tuple[str, ...]) -> Iterator[Score]:
    if "accuracy" in metrics:
        low, high = metrics.get("interval_95", (None, None))
        spread = f" ({100 * low:.0f} to {100 * high:.0f})" if low is not None else ""
        words = ", ".join(path).replace("_", " ").split(" ")
        name = " ".join(ACRONYMS.get(word, word) for word in words)
        yield Score(capfirst(name), f"{100 * metrics['accuracy']:.1f} %{spread}")
        return
    for name, inner in metrics.items():
        if isinstance(inner, dict):
            yield from _accuracies(inner, (*path, name))
