"""HTML: the whole reading for people, on a screen or on A4 paper, in one file that fetches nothing and runs nothing."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from inference import store
from inference.errors import InputError
from inference.export.elements import Element, add, clock, percent
from inference.export.plots import chart, corrected_strip, legend, mark, shares, strip
from inference.export.writer import RecordingInfo, Writer, audio_visual_text, one_line, summary_text
from inference.timeline.corrections import labels_between
from inference.timeline.summary import summary
from inference.types import UNDETERMINED, Corrections, Mode, ModelUsed, Segment, Timeline
from inference.wording import evidence_text, unimodal_text

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_READ = {Mode.AUDIO_VIDEO: "face and voice", Mode.AUDIO_VIDEO_EEG: "face, voice and EEG"}
_CARD = {
    "What it is": "What it is",
    "Fitted on": "What it was fitted on",
    "Not to be used for": "What it must not be used for",
    "Terms": "Terms",
}


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    # Every text passes through ElementTree, which escapes it.
    name = one_line(recording.title) or "Recording"
    specs = [_spec(model) for model in timeline.models]
    page = ElementTree.Element("html", {"lang": "en"})
    _head(page, name)
    main = add(add(page, "body"), "main")
    add(main, "p", "Emotrace report", class_="kicker")
    add(main, "h1", name)
    for reason in sorted({spec.demonstration for spec in specs if spec and spec.demonstration}):
        add(main, "p", f"demonstration: {reason}", class_="demonstration")
    _headline(main, timeline)
    add(main, "p", timeline.notice, class_="notice")
    _facts(add(main, "section"), timeline)
    _plots(add(main, "section"), timeline)
    _segments(add(main, "section"), timeline)
    if timeline.corrections:
        _corrections(add(main, "section"), timeline, timeline.corrections)
    _models(add(main, "section"), timeline, specs)
    return b"<!doctype html>\n" + ElementTree.tostring(page, encoding="utf-8", method="html") + b"\n"


def _head(page: Element, name: str) -> None:
    head = add(page, "head")
    add(head, "meta", charset="utf-8")
    add(head, "meta", **{"http-equiv": "Content-Security-Policy"}, content=POLICY)
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "title", f"{name} - Emotrace")
    add(head, "style", Path(__file__).with_suffix(".css").read_text(encoding="utf-8"))


def _headline(main: Element, timeline: Timeline) -> None:
    """The label of the whole recording, and beside one that EEG entered what audio and video alone say."""
    with_eeg = " with EEG" if timeline.mode is Mode.AUDIO_VIDEO_EEG else ""
    add(main, "p", f"Over the whole recording{with_eeg}: {summary_text(summary(timeline))}", class_="headline")
    if beside := audio_visual_text(timeline):
        add(main, "p", beside, class_="headline")


def _facts(section: Element, timeline: Timeline) -> None:
    media = timeline.media
    add(section, "h2", "Recording")
    _rows(
        section,
        [
            ("Length", f"{clock(media.duration_s)} ({media.duration_s:.3f} s)"),
            ("Picture", f"{media.width} x {media.height} pixels, {media.fps:.2f} frames a second"),
            ("Sound", "yes" if media.has_audio else "none"),
            ("Read from", _READ[timeline.mode]),
            ("SHA-256 of the video", media.sha256),
        ],
    )


def _plots(section: Element, timeline: Timeline) -> None:
    add(section, "h2", "Timeline")
    strip(section, timeline)
    legend(section, timeline)
    add(section, "h3", "Probability of each emotion over time")
    chart(section, timeline)
    add(section, "h3", "Share of the recording")
    shares(section, timeline, timeline.segments)
    if timeline.corrections:
        add(section, "h3", "Share of the recording, as a person corrected it")
        shares(section, timeline, timeline.corrections.segments)
    mean = summary(timeline)["mean_probability"]
    add(section, "h3", "Mean probability of each emotion")
    if mean:
        add(section, "p", "Over the time that is determined, whichever label was the final one.")
        _rows(section, [(label.capitalize(), percent(share, 1)) for label, share in mean.items()])
    else:
        add(section, "p", "Nothing was determined.")


def _segments(section: Element, timeline: Timeline) -> None:
    with_eeg = timeline.mode is Mode.AUDIO_VIDEO_EEG
    add(section, "h2", f"Segments ({len(timeline.segments)})")
    table = add(section, "table")
    head = add(add(table, "thead"), "tr")
    for name in ("Start", "End", "Label", "Confidence", "What there was", "What each says alone"):
        add(head, "th", name, scope="col")
    if timeline.corrections:
        add(head, "th", "Corrected by a person", scope="col")
    body = add(table, "tbody")
    for segment in timeline.segments:
        row = add(body, "tr")
        add(row, "td", clock(segment.start_s))
        add(row, "td", clock(segment.end_s))
        mark(add(row, "td"), segment.label, timeline)
        add(row, "td", "–" if segment.label == UNDETERMINED else percent(segment.confidence))
        add(row, "td", evidence_text(segment, with_eeg=with_eeg))
        add(row, "td", _alone(segment, with_eeg=with_eeg))
        if timeline.corrections:
            own = add(row, "td")
            for label in labels_between(timeline.corrections.segments, segment.start_s, segment.end_s):
                mark(own, label, timeline)


def _corrections(section: Element, timeline: Timeline, corrections: Corrections) -> None:
    add(section, "h2", f"Corrected by a person ({len(corrections.segments)})")
    _rows(section, [("By", one_line(corrections.by)), ("At", corrections.at), ("Revision", str(corrections.revision))])
    corrected_strip(section, timeline, corrections)
    table = add(section, "table")
    head = add(add(table, "thead"), "tr")
    for name in ("Start", "End", "Label", "Note"):
        add(head, "th", name, scope="col")
    body = add(table, "tbody")
    for segment in corrections.segments:
        row = add(body, "tr")
        add(row, "td", clock(segment.start_s))
        add(row, "td", clock(segment.end_s))
        mark(add(row, "td"), segment.label, timeline)
        add(row, "td", one_line(segment.note))


def _alone(segment: Segment, *, with_eeg: bool) -> str:
    """What each modality says by itself."""
    if segment.label == UNDETERMINED:
        return ""
    if segment.unimodal is None:
        return "not recorded"
    return unimodal_text(segment, with_eeg=with_eeg)


def _models(section: Element, timeline: Timeline, specs: list[store.StoredModel | None]) -> None:
    add(section, "h2", "Read by")
    for model, spec in zip(timeline.models, specs, strict=True):
        add(section, "h3", f"{model.name}, version {model.version}")
        rows = [("Tells apart", ", ".join(model.labels)), ("SHA-256 of the weights", model.sha256)]
        _rows(section, [*rows, *(_card(spec) if spec else [])])


def _spec(model: ModelUsed) -> store.StoredModel | None:
    """The model in the store, if it still is the one that was used."""
    try:
        spec = store.get(f"{model.name}@{model.version}")
    except (InputError, store.StoreError):
        return None
    return spec if spec.used.sha256 == model.sha256 else None


def _card(spec: store.StoredModel) -> Iterator[tuple[str, str]]:
    """The first paragraph of the sections of the model's card that everybody should know."""
    try:
        card = spec.card
    except FileNotFoundError:
        return
    for name, heading in _CARD.items():
        _, _, section = card.partition(f"\n## {heading}\n")
        paragraph = " ".join(section.strip().partition("\n\n")[0].split())
        if paragraph:
            yield name, paragraph.replace("**", "")


def _rows(section: Element, rows: list[tuple[str, str]]) -> None:
    facts = add(section, "dl")
    for name, value in rows:
        add(facts, "dt", name)
        add(facts, "dd", value)


WRITER = Writer("html", "text/html; charset=utf-8", write)
