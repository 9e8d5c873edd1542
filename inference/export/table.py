"""CSV: a row for each segment, for spreadsheets and statistics.

The columns are the same for every model and mode; a cell is empty where it does not apply. `recording_id`, `title`,
`project` and `tags` (separated by commas) name the recording. Then follow the segment's times, label and confidence,
the probability of each label, the shares with a face, a voice and EEG, the unimodal predictions, valence and arousal
with the probability of each level, the reason why a segment is undetermined, and how unlike the voice is those that
the model was fitted on (`voice_novelty`). Where a neutral baseline is marked, `relative_label` and `relative_LABEL` are
relative to it. `mean_LABEL` is the label's mean probability over the recording's determined time, repeated in each
row. `reader` (machine, person) and `note` distinguish the model's rows from the rows of a person who corrected the
timeline, which follow and have no scores. Labels that are not in EMOTIONS stand behind the others.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from inference.export.writer import RecordingInfo, Writer, one_line
from inference.timeline.baseline import relative_segment
from inference.timeline.dimensions import DIMENSIONS, predict_dimensions
from inference.timeline.summary import summary
from inference.timeline.unimodal_predictions import unimodal_prediction
from inference.types import EMOTIONS, Baseline, Modality, Segment, Timeline

MACHINE, PERSON = "machine", "person"  # the source of a row
UNIMODAL = {modality.replace("-", "_"): modality for modality in Modality}  # prefixes of columns
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def column_names(labels: Sequence[str] = EMOTIONS) -> list[str]:
    """Return the names of the columns for models with these labels."""
    return [
        *("recording_id", "title", "project", "tags", "start_s", "end_s", "label", "confidence", *labels),
        *("face", "voice", "eeg", *unimodal_column_names(), *dimension_column_names()),
        *("reason", "voice_novelty", "relative_label", *(f"relative_{label}" for label in labels)),
        *(*(f"mean_{label}" for label in labels), "reader", "note"),
    ]


def unimodal_column_names() -> list[str]:
    """Return the names of the columns of the unimodal predictions."""
    return [f"{name}_{what}" for name in UNIMODAL for what in ("label", "probability")]


def dimension_column_names() -> list[str]:
    """Return the names of the columns of valence and arousal: the level, then the probability of each."""
    return [
        name
        for dimension in DIMENSIONS
        for name in (dimension.name, *(f"{dimension.name}_{level}" for level in dimension.levels))
    ]


def evidence_cells(segment: Segment) -> list[str]:
    """Return the shares with a face, a voice and EEG."""
    evidence = segment.evidence
    return [_score(share) for share in (evidence.face, evidence.voice, evidence.eeg)]


def unimodal_cells(segment: Segment, missing: str = "") -> list[str]:
    """Return the cells of `unimodal_column_names`; `missing` where a modality is absent."""
    predictions = [unimodal_prediction(segment, modality) for modality in UNIMODAL.values()]
    pairs = [(one.label, _score(one.probability)) if one else (missing, missing) for one in predictions]
    return [cell for pair in pairs for cell in pair]


def dimension_cells(segment: Segment) -> list[str]:
    """Return the cells of `dimension_column_names`; empty where a label of the model has no level."""
    predictions = predict_dimensions(segment.probabilities)
    if not predictions:
        return [""] * len(dimension_column_names())
    return [
        cell
        for prediction in predictions.values()
        for cell in (prediction.label, *(_score(share) for share in prediction.probabilities.values()))
    ]


def to_delimited(rows: Iterable[Iterable[str]], *, delimiter: str = ",", lineterminator: str = "\r\n") -> str:
    """Return rows as CSV or TSV, defused."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=lineterminator)
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return text.getvalue()


def defused(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet would evaluate it, as OWASP advises."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _score(share: float) -> str:
    return f"{share:.4f}"


def _relative_cells(segment: Segment, baseline: Baseline | None, labels: Sequence[str]) -> list[str]:
    relative = relative_segment(segment, baseline) if baseline else None
    if relative is None:
        return [""] * (1 + len(labels))
    shares = relative.probabilities
    return [relative.label, *(_score(shares[label]) if label in shares else "" for label in labels)]


def write(timeline: Timeline, recording: RecordingInfo) -> bytes:
    """Return the rows of a timeline."""
    own = [label for label in timeline.labels if label not in EMOTIONS]
    labels = (*EMOTIONS, *own)
    mean = summary(timeline)["mean_probability"]
    means = [_score(mean[label]) if label in mean else "" for label in labels]
    about = [recording.id, *map(one_line, (recording.title, recording.project, ",".join(recording.tags)))]
    names = column_names(labels)
    rows = [names]
    for segment in timeline.segments:
        shares = [_score(segment.probabilities[label]) if label in segment.probabilities else "" for label in labels]
        cells = [segment.label, _score(segment.confidence), *shares, *evidence_cells(segment)]
        cells += [*unimodal_cells(segment), *dimension_cells(segment), segment.reason or ""]
        cells += ["" if segment.voice_novelty is None else _score(segment.voice_novelty)]
        cells += _relative_cells(segment, timeline.baseline, labels)
        rows.append([*about, f"{segment.start_s:.3f}", f"{segment.end_s:.3f}", *cells, *means, MACHINE, ""])
    for one in timeline.corrections.segments if timeline.corrections else ():
        unscored = [""] * (len(names) - len(about) - 5)
        times = [f"{one.start_s:.3f}", f"{one.end_s:.3f}"]
        rows.append([*about, *times, one.label, *unscored, PERSON, one_line(one.note)])
    return to_delimited(rows).encode()


WRITER = Writer("csv", "text/csv; charset=utf-8", write)
