"""The observations of a comparison: the measures of recordings or of stimuli, by participant and condition."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np

from inference.timeline.arrays import Floats
from inference.timeline.dimensions import DIMENSIONS
from inference.timeline.measures import dimension_level
from inference.timeline.readings import Readings, machine_readings, person_readings, relative_readings
from inference.timeline.sampling import grid_times
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project
from webapp.studies import selectors
from webapp.studies.models import STIMULUS, Marker, Stimulus, Variable
from webapp.studies.names import normalise_name
from webapp.studies.statistics.compare import Observation
from webapp.studies.statistics.results import LeftOut
from webapp.studies.table.columns import RELATIVE_PREFIX, Unit
from webapp.studies.table.recordings import MeasuredRecording, Wanted, chosen_analyses, labels_of, measured_recordings
from webapp.studies.table.rows import MACHINE, PERSON, Cells, Layout, unit_rows
from webapp.studies.thresholds import NAMES, Thresholds, shortfalls, thresholds_of

READERS = (MACHINE, PERSON)
_RESTS = ("read_s", "agreement_s")  # columns that say what measures rest on
AGREEMENT = "agreement"  # the measure that face and voice alone are needed for
_MEAN = "mean_probability_"
_MOMENTS = {"peak_s_": "peak_", "latency_s_": "latency_s_"}  # the column of the moment of a measure


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is compared: measures between the levels of a factor, which without a variable are the stimuli.

    With a `stimulus` only its markers are measured, otherwise whole recordings. `model` is NAME or NAME@VERSION.
    `levels` are the conditions to compare, all if empty. A `covariate` is a number.
    """

    measures: tuple[str, ...]
    factor: Variable | None
    paired: bool = False
    baseline: bool = False
    model: str = ""
    reader: str = MACHINE
    stimulus: Stimulus | None = None
    levels: tuple[str, ...] = ()
    covariate: Variable | None = None

    @property
    def factor_name(self) -> str:
        """The variable's name, or `stimulus`."""
        return self.factor.name if self.factor else STIMULUS

    @property
    def unit(self) -> str:
        """What one observation is, in words."""
        if self.factor is None:
            return "stimulus"
        return f"presentation of {self.stimulus.name}" if self.stimulus else "recording"


Courses = dict[tuple[str, str], dict[str, list[Floats]]]
"""{(measure, level): {participant: courses on the grid of a stimulus}}; NaN is where nothing is read."""


@dataclass
class Observed:
    """What was found: observations, who is left out, and the courses of measures along stimuli."""

    model: tuple[str, str]
    notice: str
    observations: list[Observation] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    courses: Courses = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


def measure_names(project: Project) -> tuple[str, ...]:
    """The measures that can be compared: the raw columns of the table."""
    chosen = chosen_analyses(project)
    return _raw_measures(Layout(labels_of(chosen)))


def with_known_levels(project: Project, question: Question) -> Question:
    """The question with each condition once, as the project writes it. Raises RequestError(COMPARISON_LEVELS)."""
    names = question.factor.levels if question.factor else selectors.shown_stimuli(project)
    known = {name.casefold(): name for name in names} | {name: name for name in names}
    wanted = [normalise_name(level) for level in question.levels]
    found = [known.get(level) or known.get(level.casefold()) for level in wanted]
    for level, name in zip(wanted, found, strict=True):
        if name is None:
            raise RequestError(
                WebCode.COMPARISON_LEVELS,
                f"{question.factor_name!r} has no condition {level!r}. Choose from: {', '.join(names) or 'none yet'}.",
                "levels",
            )
    return replace(question, levels=tuple(dict.fromkeys(filter(None, found))))


def observe(project: Project, question: Question) -> Observed:
    """Measure the recordings of a project for a question.

    Raises RequestError(COMPARISON_MEASURE | COMPARISON_MIXED_MODELS | NOTHING_TO_COMPARE).
    """
    chosen = chosen_analyses(project, question.model)
    found = Observed(*_one_model(chosen.values_list("model_name", "model_version", "notice")))
    layout = Layout(labels_of(chosen))
    _require_measures(question, layout)
    values, thresholds = selectors.values_by_recording(project), thresholds_of(project.pk)
    for title in project.recordings.exclude(pk__in=chosen.values("recording")).values_list("title", flat=True):
        found.left_out.append(LeftOut(name=title, reason="No timeline of this model"))
    wanted = Wanted(
        quality=bool(thresholds),
        unimodal=AGREEMENT in question.measures,
        baseline=question.baseline,
        corrections=question.reader == PERSON,
    )
    for one in measured_recordings(chosen, wanted):
        own = values.get(one.recording.pk, {})
        reason = _lacking(one, question, own, thresholds) or _add(found, one, question, layout, own)
        if reason:
            found.left_out.append(LeftOut(name=one.recording.title, reason=reason))
    if not found.observations:
        reason, count = Counter(one.reason for one in found.left_out).most_common(1)[0]
        raise RequestError(
            WebCode.NOTHING_TO_COMPARE,
            f"Every recording is left out, {count} of {len(found.left_out)} for this reason: {reason}.",
        )
    return found


def _one_model(models: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str], str]:
    """The only model and its notice. Raises RequestError(COMPARISON_MIXED_MODELS | NOTHING_TO_COMPARE)."""
    known = {(name, version): notice for name, version, notice in models}
    if not known:
        raise RequestError(
            WebCode.NOTHING_TO_COMPARE, "No recording of this project has a timeline of this model. Choose another."
        )
    if len(known) > 1:
        named = ", ".join(f"{name}@{version}" for name, version in sorted(known))
        raise RequestError(
            WebCode.COMPARISON_MIXED_MODELS,
            f"The recordings were read by {named}. Choose one of them: readings of different models are not compared.",
            "model",
        )
    return next(iter(known.items()))


def _raw_measures(layout: Layout) -> tuple[str, ...]:
    names = (column.name for column in layout.columns)
    return tuple(name for name in names if not name.startswith((RELATIVE_PREFIX, "peak_s_")) and name not in _RESTS)


def _require_measures(question: Question, layout: Layout) -> None:
    known = _raw_measures(layout)
    for name in question.measures:
        if name not in known:
            raise RequestError(
                WebCode.COMPARISON_MEASURE,
                f"There is no measure {name!r}. Choose from: {', '.join(known)}.",
                "measures",
            )
        if question.baseline and f"{RELATIVE_PREFIX}{name}" not in layout.index:
            raise RequestError(
                WebCode.COMPARISON_MEASURE, f"{name} is not relative to a baseline. Compare it without one.", "measures"
            )
    if question.baseline and question.reader == PERSON:
        raise RequestError(
            WebCode.COMPARISON_MEASURE,
            "What a person corrected is not relative to a baseline. Compare it without one.",
            "baseline",
        )


def _lacking(one: MeasuredRecording, question: Question, values: dict[str, str | float], thresholds: Thresholds) -> str:
    """Why a recording cannot be compared; empty if nothing is lacking."""
    if one.recording.participant is None:
        return "No participant is assigned"
    if question.factor and question.factor.name not in values:
        return f"No value of {question.factor.name}"
    if question.factor and question.levels and values[question.factor.name] not in question.levels:
        return f"Another condition of {question.factor.name}"
    if question.covariate and question.covariate.name not in values:
        return f"No value of {question.covariate.name}"
    if question.reader == PERSON and one.person is None:
        return "Nobody corrected it"
    if question.baseline and one.relative is None:
        return "No baseline of this person is marked, or nothing is determined in it"
    if below := shortfalls(one.quality, thresholds):
        return f"Below the project's threshold of {' and '.join(NAMES[name] for name in below)}"
    return ""


def _add(
    found: Observed, one: MeasuredRecording, question: Question, layout: Layout, values: dict[str, str | float]
) -> str:
    """Add the observations of a recording; returns why there are none, if there are none."""
    rows = unit_rows(one, Unit.MARKER if question.factor is None or question.stimulus else Unit.RECORDING, layout)
    spans = [
        (cells, row)
        for cells, row in zip(rows.cells, rows.measures, strict=True)
        if cells["reader"] == question.reader and _is_asked_for(cells, question)
    ]
    if not spans:
        return f"{question.stimulus.name} is not marked" if question.stimulus else "No stimulus is marked"
    before = len(found.observations)
    for cells, row in spans:
        level = str(values[question.factor.name]) if question.factor else _stimulus_of(cells)
        known = _known(row, question, layout)
        if known:
            found.observations.append(_observation(one, cells, level, known, row, question, layout, values))
        if "marker_kind" in cells:
            _add_courses(found.courses, one, cells, level, question)
    return "" if len(found.observations) > before else "Nothing is determined"


def _is_asked_for(cells: Cells, question: Question) -> bool:
    if "marker_kind" not in cells:
        return True
    if cells["marker_kind"] != Marker.Kind.STIMULUS:
        return False
    if question.factor is None and question.levels and _stimulus_of(cells) not in question.levels:
        return False
    return question.stimulus is None or cells["stimulus"] == question.stimulus.name


def _stimulus_of(cells: Cells) -> str:
    return str(cells["stimulus"] or cells["marker"])


def _known(row: Floats, question: Question, layout: Layout) -> dict[str, float]:
    """The measures that can be said of a row."""
    prefix = RELATIVE_PREFIX if question.baseline else ""
    known = {name: float(row[layout.index[f"{prefix}{name}"]]) for name in question.measures}
    return {name: value for name, value in known.items() if isfinite(value)}


def _observation(
    one: MeasuredRecording,
    cells: Cells,
    level: str,
    known: dict[str, float],
    row: Floats,
    question: Question,
    layout: Layout,
    values: dict[str, str | float],
) -> Observation:
    prefix = RELATIVE_PREFIX if question.baseline else ""
    moments = {
        name: cells["start_s"] + float(row[layout.index[f"{prefix}{moment}{name.removeprefix(measure)}"]])
        for name in known
        for moment, measure in _MOMENTS.items()
        if name.startswith(measure)
    }
    assert one.recording.participant is not None
    return Observation(
        participant=one.recording.participant.code,
        recording=str(one.recording.pk),
        level=level,
        start_s=cells["start_s"],
        end_s=cells["end_s"],
        values=known,
        moments=moments,
        covariate=float(values[question.covariate.name]) if question.covariate else None,
        baseline_recordings=tuple(map(str, one.baseline_recordings)) if question.baseline else (),
    )


def _add_courses(courses: Courses, one: MeasuredRecording, cells: Cells, level: str, question: Question) -> None:
    """Add the course of each measure that has one along a stimulus, on the grid from its start."""
    assert one.recording.participant is not None
    length_s = question.stimulus.length_s if question.stimulus else cells["end_s"] - cells["start_s"]
    if not length_s:
        return
    times = cells["start_s"] + grid_times(length_s)
    readings = _readings_at(one, times, question)
    counted = readings.determined & (times < cells["end_s"])
    for start_s, end_s in one.exclusions:
        counted &= ~((start_s <= times) & (times < end_s))
    for name in question.measures:
        weights = _weights(name, readings.labels)
        if weights is not None:
            course = np.where(counted, readings.probabilities @ weights, np.nan)
            courses[name, level][one.recording.participant.code].append(course)


def _readings_at(one: MeasuredRecording, times: Floats, question: Question) -> Readings:
    if question.reader == PERSON:
        return person_readings(one.timeline, times)
    raw = machine_readings(one.timeline, times)
    return relative_readings(one.timeline, raw, one.log_odds or {}) if question.baseline else raw


def _weights(measure: str, labels: tuple[str, ...]) -> Floats | None:
    """What the probabilities (labels,) are weighted by for a measure's course; None for one without a course."""
    units = np.eye(len(labels))
    if measure.removeprefix(_MEAN) in labels and measure.startswith(_MEAN):
        return np.array(units[labels.index(measure.removeprefix(_MEAN))])
    dimension = next((each for each in DIMENSIONS if each.name == measure), None)
    return None if dimension is None else np.array([dimension_level(labels, row, dimension) for row in units])
