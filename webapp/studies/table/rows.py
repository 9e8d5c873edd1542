"""The rows of the table for one recording after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inference.timeline.arrays import Floats, Mask
from inference.timeline.baseline import subtract_log_odds
from inference.timeline.dimensions import AROUSAL, VALENCE
from inference.timeline.evidence import is_sufficient
from inference.timeline.measures import Measures, dimension_level, measure
from inference.timeline.readings import Readings
from inference.timeline.sampling import labels_at
from inference.types import UNDETERMINED, Correction, Modality, Segment, Source, Window
from webapp.studies.markers import COLLECTED
from webapp.studies.models import Marker
from webapp.studies.selectors import Value
from webapp.studies.table.columns import LABEL_MEASURES, RELATIVE_PREFIX, VARIABLE_PREFIX, Column, Unit, measure_columns
from webapp.studies.table.recordings import MeasuredRecording

MACHINE, PERSON = "machine", "person"
Cells = dict[str, Any]
_NO_MEASURE = float("nan")


@dataclass(frozen=True)
class UnitRows:
    """Rows of one recording: what distinguishes them, and their measures (rows, measure columns); NaN is empty."""

    cells: list[Cells]
    measures: Floats


@dataclass(frozen=True)
class Layout:
    """Where the measures of a row are among the measure columns of a table with these labels."""

    labels: tuple[str, ...]
    columns: tuple[Column, ...] = field(init=False)
    index: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", measure_columns(self.labels))
        object.__setattr__(self, "index", {column.name: number for number, column in enumerate(self.columns)})

    def empty(self, rows: int) -> Floats:
        """Rows of which nothing is said."""
        return np.full((rows, len(self.columns)), np.nan)

    def of_label(self, name: str, labels: Sequence[str]) -> list[int]:
        """Where the measure `name` of each of a model's labels is."""
        return [self.index[f"{name}_{label}"] for label in labels]


def recording_cells(one: MeasuredRecording, values: dict[str, Value], *, own: bool) -> Cells:
    """The cells that are the same in all rows of a recording; tags only for its owner."""
    recording, quality = one.recording, one.quality
    return {
        "recording_id": str(recording.pk),
        "recording": recording.title,
        "participant": recording.participant.code if recording.participant else None,
        "tags": ",".join(sorted(tag.name for tag in recording.tags.all())) if own else None,
        **{f"{VARIABLE_PREFIX}{name}": value for name, value in values.items()},
        "model": one.analysis.model_name,
        "model_version": one.analysis.model_version,
        "face_share": quality.face_share,
        "face_size": quality.face_size,
        "frontal_share": quality.frontal_share,
        "voice_share": quality.voice_share,
        "mean_confidence": quality.mean_confidence,
        "several_people": quality.several_people,
        "dropped_frames": one.dropped_frames,
    }


def unit_rows(one: MeasuredRecording, unit: Unit, layout: Layout) -> UnitRows:
    """The rows of a recording: the machine's, then those of the person who corrected it."""
    if unit is Unit.WINDOW:
        return _window_rows(one, layout)
    machine = [(MACHINE, cells, one.machine, one.relative) for cells in _spans(one, unit, MACHINE)]
    person = [(PERSON, cells, one.person, None) for cells in _spans(one, unit, PERSON)] if one.person else []
    rows = [*machine, *person]
    measures = layout.empty(len(rows))
    for row, (_, cells, readings, relative) in zip(measures, rows, strict=True):
        assert readings is not None
        span = cells["start_s"], cells["end_s"]
        _fill(row, layout, "", measure(readings, *span, one.exclusions), readings)
        if relative is not None:
            _fill(row, layout, RELATIVE_PREFIX, measure(relative, *span, one.exclusions), relative)
    return UnitRows([{"reader": reader, "unit": str(unit), **cells} for reader, cells, *_ in rows], measures)


def _spans(one: MeasuredRecording, unit: Unit, reader: str) -> Iterator[Cells]:
    """What each row is about, with its start and end."""
    if unit is Unit.RECORDING:
        yield {"start_s": 0.0, "end_s": one.timeline.media.duration_s}
    elif unit is Unit.MARKER:
        collected = [marker.pk for marker in one.markers if marker.source == COLLECTED]
        for marker in one.markers:
            if marker.kind != Marker.Kind.EXCLUDE:
                yield {
                    "start_s": marker.start_s,
                    "end_s": marker.end_s,
                    "marker_kind": marker.kind,
                    "marker": marker.name,
                    "stimulus": marker.stimulus.name if marker.stimulus else None,
                    "stimulus_order": collected.index(marker.pk) + 1 if marker.pk in collected else None,
                }
    else:
        corrections = one.timeline.corrections
        segments: Sequence[Segment | Correction] = one.timeline.segments
        if reader == PERSON:
            assert corrections is not None
            segments = corrections.segments
        for segment in segments:
            cells = {"start_s": segment.start_s, "end_s": segment.end_s, "label": segment.label}
            known = isinstance(segment, Segment) and segment.label != UNDETERMINED
            yield cells | ({"confidence": segment.confidence} if known and isinstance(segment, Segment) else {})


def _fill(row: Floats, layout: Layout, prefix: str, found: Measures, readings: Readings) -> None:
    for name in LABEL_MEASURES:
        row[layout.of_label(f"{prefix}{name}", readings.labels)] = getattr(found, name)
    names = ["read_s", "changes_per_minute", "valence", "arousal"]
    for name in names if prefix else [*names, "agreement", "agreement_s"]:
        row[layout.index[f"{prefix}{name}"]] = getattr(found, name)


def _window_rows(one: MeasuredRecording, layout: Layout) -> UnitRows:
    """A row for each window, with its own probabilities where it counts; what is about a course stays empty."""
    windows, labels = one.timeline.windows, one.timeline.labels
    measures = layout.empty(len(windows))
    cells = [
        {
            "reader": MACHINE,
            "unit": str(Unit.WINDOW),
            "start_s": window.start_s,
            "end_s": window.end_s,
            "source": str(window.source),
        }
        for window in windows
    ]
    if not windows:
        return UnitRows(cells, measures)
    counted = _counted(one, windows)
    seconds = np.array([window.end_s - window.start_s for window in windows])
    probabilities = np.array([window.probabilities for window in windows])
    _fill_windows(measures, layout, "", labels, np.where(counted[:, None], probabilities, np.nan), seconds)
    face, voice = (_leading(windows, modality) for modality in (Modality.FACE, Modality.VOICE))
    both = counted & (face >= 0) & (voice >= 0)
    measures[:, layout.index["agreement"]] = np.where(both, face == voice, np.nan)
    measures[:, layout.index["agreement_s"]] = np.where(both, seconds, 0.0)
    for source, log_odds in (one.log_odds or {}).items():
        of_source = np.array([window.source is source for window in windows])
        relative = subtract_log_odds(probabilities, log_odds)
        chosen = measures[of_source]
        _fill_windows(
            chosen,
            layout,
            RELATIVE_PREFIX,
            labels,
            np.where(counted[:, None], relative, np.nan)[of_source],
            seconds[of_source],
        )
        measures[of_source] = chosen
    return UnitRows(cells, measures)


def _fill_windows(
    measures: Floats, layout: Layout, prefix: str, labels: Sequence[str], probabilities: Floats, seconds: Floats
) -> None:
    """Fill the measures of windows (N, columns) from their probabilities (N, labels), NaN where they do not count."""
    measures[:, layout.of_label(f"{prefix}mean_probability", labels)] = probabilities
    measures[:, layout.index[f"{prefix}read_s"]] = np.where(np.isnan(probabilities[:, 0]), 0.0, seconds)
    for dimension in (VALENCE, AROUSAL):
        levels = [dimension_level(labels, row, dimension) for row in np.eye(len(labels))]
        measures[:, layout.index[f"{prefix}{dimension.name}"]] = probabilities @ levels


def _counted(one: MeasuredRecording, windows: Sequence[Window]) -> Mask:
    """Whether each window counts: its middle is neither excluded nor undetermined; EEG needs no face and no voice."""
    middles = np.array([(window.start_s + window.end_s) / 2 for window in windows])
    determined = labels_at(one.timeline.segments, one.timeline.labels, middles) < len(one.timeline.labels)
    evidence = is_sufficient(
        np.array([window.face for window in windows]), np.array([window.voice for window in windows])
    )
    counted: Mask = determined & (evidence | np.array([window.source is not Source.AUDIO_VIDEO for window in windows]))
    for start_s, end_s in one.exclusions:
        counted &= ~((start_s <= middles) & (middles < end_s))
    return counted


def _leading(windows: Sequence[Window], modality: Modality) -> Any:
    """The most probable label of each window given one modality alone, (N,); -1 where it is absent."""
    given = [(window.unimodal or {}).get(modality) for window in windows]
    return np.array([-1 if shares is None else shares.index(max(shares)) for shares in given])
