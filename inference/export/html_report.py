"""HTML: the whole analysis for people, on a screen or on A4 paper, in one file without scripts and external content."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from inference import store
from inference.errors import InputError
from inference.export.plots import Palette, draw_plots
from inference.export.writer import RecordingInfo, Writer, one_line
from inference.timeline.corrections import labels_between
from inference.timeline.summary import summary
from inference.types import UNDETERMINED, Mode, ModelUsed, Segment, Timeline
from inference.wording import (
    audio_visual_text,
    clock,
    dimensions_text,
    evidence_text,
    novelty_text,
    number,
    percent,
    summary_text,
    unimodal_text,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_INPUTS = {Mode.AUDIO_VIDEO: "face and voice", Mode.AUDIO_VIDEO_EEG: "face, voice and EEG"}
_CARD_SECTIONS = {
    "What it is": "What it is",
    "Fitted on": "What it was fitted on",
    "Not to be used for": "What it must not be used for",
    "Terms": "Terms",
}


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Render the report of an analysis."""
    with_eeg = timeline.mode is Mode.AUDIO_VIDEO_EEG
    models = [_stored_model(model) for model in timeline.models]
    total = summary(timeline)
    palette = Palette(timeline.labels)

    def unimodal_cell(segment: Segment) -> str:
        if segment.label == UNDETERMINED and not segment.unimodal:
            return ""
        return "not recorded" if segment.unimodal is None else unimodal_text(segment, with_eeg=with_eeg)

    def corrected_labels(segment: Segment) -> tuple[str, ...]:
        assert timeline.corrections is not None
        return labels_between(timeline.corrections.segments, segment.start_s, segment.end_s)

    page = _template().render(
        policy=POLICY,
        name=one_line(recording.title) or "Recording",
        style=_resource("report.css"),
        timeline=timeline,
        with_eeg=with_eeg,
        demonstrations=sorted({model.demonstration for model in models if model and model.demonstration}),
        headline=summary_text(total),
        audio_visual_headline=audio_visual_text(timeline),
        facts=_facts(timeline),
        fill=palette.fill,
        ink=palette.ink,
        plots=draw_plots(timeline),
        spoken=lambda segments: (
            f"{len(segments)} segments over {clock(timeline.media.duration_s)}; they are listed below."
        ),
        mean_probabilities=[
            (label.capitalize(), percent(share, 1)) for label, share in total["mean_probability"].items()
        ],
        mean_dimensions=[
            (f"{name.capitalize()}: {level}", percent(share, 1))
            for name in ("valence", "arousal")
            if total["mean_probability"] and name in total
            for level, share in total[name]["probabilities"].items()
        ],
        dimensions_text=dimensions_text,
        novelty_text=novelty_text,
        evidence_text=evidence_text,
        unimodal_cell=unimodal_cell,
        corrected_labels=corrected_labels,
        models=[
            (model, [*_model_facts(model), *_card_facts(stored)])
            for model, stored in zip(timeline.models, models, strict=True)
        ],
        UNDETERMINED=UNDETERMINED,
    )
    # All attributes are in double quotes, so that an apostrophe needs no entity.
    return b"<!doctype html>\n" + page.replace("&#39;", "'").encode() + b"\n"


@cache
def _template() -> Template:
    environment = Environment(loader=FunctionLoader(_load_template), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"clock": clock, "number": number, "percent": percent, "one_line": one_line}
    return environment.get_template("report.html.jinja")


def _load_template(name: str) -> str:
    return "".join(line.strip() for line in _resource(name).splitlines())


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _facts(timeline: Timeline) -> list[tuple[str, str]]:
    media = timeline.media
    return [
        ("Length", f"{clock(media.duration_s)} ({media.duration_s:.3f} s)"),
        ("Picture", f"{media.width} x {media.height} pixels, {media.fps:.2f} frames a second"),
        ("Sound", "yes" if media.has_audio else "none"),
        ("Read from", _INPUTS[timeline.mode]),
        ("SHA-256 of the video", media.sha256),
    ]


def _model_facts(model: ModelUsed) -> list[tuple[str, str]]:
    return [("Tells apart", ", ".join(model.labels)), ("SHA-256 of the weights", model.sha256)]


def _stored_model(model: ModelUsed) -> store.StoredModel | None:
    """Return the model in the store, if it still has the weights that were used."""
    try:
        stored = store.get(f"{model.name}@{model.version}")
    except (InputError, store.StoreError):
        return None
    return stored if stored.used.sha256 == model.sha256 else None


def _card_facts(model: store.StoredModel | None) -> Iterator[tuple[str, str]]:
    """Yield the first paragraph of those sections of the model's card that every reader needs."""
    if model is None:
        return
    try:
        card = model.card
    except FileNotFoundError:
        return
    for name, heading in _CARD_SECTIONS.items():
        _, _, section = card.partition(f"\n## {heading}\n")
        paragraph = " ".join(section.strip().partition("\n\n")[0].split())
        if paragraph:
            yield name, paragraph.replace("**", "")


WRITER = Writer("html", "text/html; charset=utf-8", write)
