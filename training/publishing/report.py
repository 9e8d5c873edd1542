"""Write docs/results.md and its plots from the metrics of the store and of fits by folds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference import store
from training.publishing import plots
from training.publishing.published import BY_LABELS_AND_PART
from training.publishing.recordings_table import recordings_table

DOCS = Path(__file__).resolve().parents[2] / "docs"
HEAD = """# Results

Written by `python -m training report` from the metrics that each fit leaves behind. Published numbers stand beside
ours for orientation; where ours come from composed or simulated data, the two were not measured on the same thing.

- **Composed** clips join a RAVDESS speech clip with a face of the same label. It moves between images of FER-2013 and
  through neutral, by most of FER+'s votes; for version 1 it is one image, by FER-2013's own label. Face and voice never
  belonged to one person.
- **Simulated** EEG comes from a model of a head. It says nothing about how well emotions can be read from EEG.
- Intervals are 95 %, from a bootstrap over people. ECE is the expected calibration error over 15 bins.
"""


def write(folds: Sequence[Path]) -> Path:
    """Write the report and return its path; `folds` are what fits left that put nothing into the store."""
    images = DOCS / "images" / "results"
    images.mkdir(parents=True, exist_ok=True)
    parts = [HEAD, *(_model(spec, images) for spec in store.list_models())]
    parts.append(recordings_table())
    parts += [_folds(json.loads((each / "metrics.json").read_text())) for each in folds]
    path = DOCS / "results.md"
    path.write_text("\n".join(parts))
    return path


def _model(spec: store.StoredModel, images: Path) -> str:
    metrics = spec.metrics
    said = [f"## {spec.name}, version {spec.version}\n"]
    if spec.demonstration:
        said.append(f"**demonstration: {spec.demonstration}**\n")
    said.append(f"Data: {metrics['data']}. Split: {metrics['split']}. Weights: {metrics['selection']}\n")
    said.append(_table(_flat(metrics["scores"]), BY_LABELS_AND_PART.get(len(spec.labels), {})) + "\n")
    if "composed" in metrics["scores"]:
        said.append(_halves(metrics))
    if votes := metrics["scores"].get("faces", {}).get("votes"):
        said.append(
            f"\nBy the label that most of FER+'s ten annotators chose, {votes['accuracy']:.1%} of {votes['n']} faces "
            f"are read right; where six or more agree, {votes['accuracy_six']:.1%} of {votes['n_six']}.\n"
        )
    drawn = {part: score for part, score in _flat(metrics["scores"]).items() if "confusion" in score}
    if any("by_label" in score for score in drawn.values()):
        said.append(_by_label(drawn))
    name = f"{spec.name}-{spec.version}"
    if drawn:
        plots.confusion(drawn, images / f"{name}.svg")
        said.append(f"\n![Confusion and calibration of {spec.name}](images/results/{name}.svg)\n")
    if curves := metrics.get("curves"):
        plots.learning_curves(curves, images / f"{name}-curves.svg")
        said.append(f"\n![Learning curves of {spec.name}](images/results/{name}-curves.svg)\n")
    return "\n".join(said)


def _halves(metrics: dict[str, Any]) -> str:
    composed, alone = metrics["scores"]["composed"], metrics["alone"]
    missing = composed["missing"]
    lines = [
        "The same composed clips with one half taken away, and the plain mean of what either half alone gives:\n",
        "| Both | Voice alone | Face alone | Mean of probabilities |",
        "| --- | --- | --- | --- |",
        "| "
        + " | ".join(f"{missing[key]:.1%}" for key in ("AV", "A", "V"))
        + f" | {composed['mean_of_probabilities']:.1%} |",
        "\nOne modality, read by this network and by one that knows no other:\n",
        "| Given | This network | A network of its own | Difference |",
        "| --- | --- | --- | --- |",
    ]
    for part, own in alone.items():
        joint = metrics["scores"][part]["accuracy"]
        if own is not None:
            lines.append(f"| {part} | {joint:.1%} | {own:.1%} | {100 * (joint - own):+.1f} points |")
    return "\n".join(lines)


def _by_label(scores: dict[str, dict[str, Any]]) -> str:
    """Precision, recall and F1 of each label."""
    named = {part: score["by_label"] for part, score in scores.items() if "by_label" in score}
    lines = [
        "Precision / recall / F1 of each label:\n",
        "| Label | " + " | ".join(named) + " |",
        "| --- " * (len(named) + 1) + "|",
    ]
    for label in dict.fromkeys(label for rows in named.values() for label in rows):
        rows = [each.get(label) for each in named.values()]
        cells = [f"{row['precision']:.0%} / {row['recall']:.0%} / {row['f1']:.2f}" if row else "" for row in rows]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _flat(scores: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    if "accuracy" in scores:
        return {path: scores}
    found: dict[str, dict[str, Any]] = {}
    for name, inner in scores.items():
        if isinstance(inner, dict):
            found |= _flat(inner, f"{path} {name}".strip())
    return found


def _table(rows: dict[str, dict[str, Any]], published: dict[str, str]) -> str:
    lines = [
        "| Part | Accuracy | 95 % interval | SD over people | Macro F1 | Weighted F1 | ECE | Published |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, score in rows.items():
        low, high = score.get("interval_95", (None, None))
        cells = (
            name,
            f"{score['accuracy']:.1%}",
            "" if low is None else f"{low:.1%} to {high:.1%}",
            f"{100 * score['subject_sd']:.1f} points" if score.get("subject_sd") is not None else "",
            f"{score['macro_f1']:.3f}" if "macro_f1" in score else "",
            f"{score['weighted_f1']:.3f}" if "weighted_f1" in score else "",
            f"{score['calibration']['ece']:.3f}" if "calibration" in score else "",
            published.get(name, ""),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _folds(found: dict[str, Any]) -> str:
    low, high = found["interval_95"]
    spread = f", SD {100 * found['subject_sd']:.1f} points" if found["subject_sd"] is not None else ""
    folds = ", ".join(f"{fold:.1%}" for fold in found.get("folds", ()))
    mean = f"Mean of folds **{found['mean_of_folds']:.1%}** ({folds})" if folds else f"Mean **{found['accuracy']:.1%}**"
    return (
        f"## {found['title']}\n\n{found['about']}\n\n"
        f"{mean}; over people {low:.1%} to {high:.1%}{spread}; {found['n']} items. Published: {found['published']}.\n"
        + _conditions(found)
    )


def _one_recording(found: dict[str, Any], kind: str) -> str:
    """A sentence on scores where all clips of a speaker, or of a speaker and label, are one recording; or nothing."""
    ending = f" by {kind}"
    shares = [(name, share) for name, share in found.get("recordings", {}).items() if name.endswith(ending)]
    if not shares:
        return ""
    alike = ", ".join(f"{name.removesuffix(ending)} {share:.1%}" for name, share in shares)
    left_out = ", ".join(
        f"{name} {scores['recordings'][f'clean{ending}']['recall']:.1%}" for name, scores in found["left_out"].items()
    )
    return f"With all clips of a {kind} as one recording: {alike}; left out: {left_out}."


def _conditions(found: dict[str, Any]) -> str:
    """Scores of the same clips degraded, and of corpora that were left out, where a fit has them."""
    degraded = ", ".join(f"{name} {share:.1%}" for name, share in found.get("degraded", {}).items())
    errors = ", ".join(f"{name} {error:.3f}" for name, error in found.get("calibration_errors", {}).items())
    left_out = ", ".join(f"{name} {scores['recall']:.1%}" for name, scores in found.get("left_out", {}).items())
    lines = [
        f"The same clips degraded: {degraded}." if degraded else "",
        f"ECE, each fold with the temperature of the others: {errors}." if errors else "",
        f"Mean recall on a corpus that was left out: {left_out}." if left_out else "",
        *(_one_recording(found, kind) for kind in ("speaker", "speaker and label")),
    ]
    return "".join(f"\n{line}\n" for line in lines if line)
