"""The table and the plots of a comparison of systems."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.errors import DatasetError
from training.publishing import plots
from training.schema.zoo import Published


@dataclass(frozen=True)
class Score:
    """Of trials; `window` is the accuracy of single windows. Shares of 1, and `interval` 95 % over subjects."""

    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    kappa: float | None
    auc: float | None
    window: float | None
    seed_sd: float | None
    """Deviation of the accuracy over seeds, where there are several."""


@dataclass(frozen=True)
class Row:
    """A system, or a mean of systems, which has no cost of its own."""

    name: str
    scores: dict[str, Score]
    """By dimension; of labels by ""."""
    published: Sequence[Published] = ()
    parameters: int | None = None
    window_ms: dict[str, float] = field(default_factory=dict)
    memory_mb: int | None = None
    fit_s: float | None = None


@dataclass(frozen=True)
class Table:
    """The rows of one corpus, and `facts`, sentences on data, split and chance."""

    title: str
    facts: Sequence[str]
    rows: Sequence[Row]


_COLUMNS = (
    *("System", "Accuracy", "95 % interval", "Windows", "Macro F1", "Kappa", "AUC", "Parameters", "CPU, ms a window"),
    *("GPU, ms a window", "Memory, MB", "Fit, s", "Published, on other data"),
)


def markdown(tables: Sequence[Table], images: str) -> str:
    """The tables, each with its plots, which lie in the folder `images` as `plot` names them."""
    parts = []
    for number, table in enumerate(tables, 1):
        used = [index for index, cells in enumerate(zip(*map(_cells, table.rows), strict=True)) if any(cells)]
        lines = [[_COLUMNS[index] for index in used], ["---"] * len(used)]
        lines += [[_cells(row)[index] for index in used] for row in table.rows]
        parts += [
            f"### {table.title}\n",
            *(f"- {fact}" for fact in table.facts),
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            f"![Accuracy of each system with its interval: {table.title}]({images}/accuracy-{number}.svg)\n",
            f"![Accuracy against parameters and time: {table.title}]({images}/cost-{number}.svg)\n",
        ]
    return "\n".join(parts)


def plot(tables: Sequence[Table], folder: Path) -> None:
    """Draw accuracies with their intervals, and accuracies against costs, as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, table in enumerate(tables, 1):
        bars = [
            (f"{row.name}, {name}" if name else row.name, score.accuracy, score.interval)
            for row in table.rows
            for name, score in row.scores.items()
        ]
        plots.intervals(bars, folder / f"accuracy-{number}.svg")
        points = [
            (row.name, sum(s.accuracy for s in row.scores.values()) / len(row.scores), row.parameters, row.window_ms)
            for row in table.rows
            if row.parameters is not None
        ]
        plots.costs([(*point[:3], point[3]["cpu"]) for point in points], folder / f"cost-{number}.svg")


def insert(document: Path, name: str, text: str) -> None:
    """Put `text` between the document's lines <!-- comparison NAME --> and <!-- end NAME -->.

    Raises DatasetError for a document without them.
    """
    content = document.read_text(encoding="utf-8") if document.is_file() else ""
    begin, end = f"<!-- comparison {name} -->\n", f"<!-- end {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(content)) != 1:
        raise DatasetError(f"{document}: needs the lines {begin.strip()} and {end} once")
    document.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", content), encoding="utf-8")


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _each(row, lambda s: f"{s.accuracy:.1%}" + ("" if s.seed_sd is None else f" (SD of seeds {s.seed_sd:.1%})")),
        _each(row, lambda s: f"{s.interval[0]:.1%} to {s.interval[1]:.1%}", named=False),
        _each(row, lambda s: "" if s.window is None else f"{s.window:.1%}", named=False),
        _each(row, lambda s: f"{s.macro_f1:.2f}", named=False),
        _each(row, lambda s: "" if s.kappa is None else f"{s.kappa:.2f}", named=False),
        _each(row, lambda s: "" if s.auc is None else f"{s.auc:.2f}", named=False),
        "" if row.parameters is None else f"{row.parameters:,}".replace(",", " "),
        _ms(row, "cpu"),
        _ms(row, "cuda"),
        "" if row.memory_mb is None else str(row.memory_mb),
        "" if row.fit_s is None else f"{row.fit_s:.0f}",
        "<br>".join(f"{each.score}: {each.protocol} ({each.source})" for each in row.published),
    ]


def _each(row: Row, text: Callable[[Score], str], *, named: bool = True) -> str:
    """The text of each dimension's score, one below the other."""
    texts = [(name, text(score)) for name, score in row.scores.items()]
    if not any(value for _, value in texts):
        return ""
    return "<br>".join(f"{name} {value}".strip() if named else value for name, value in texts)


def _ms(row: Row, device: str) -> str:
    return f"{row.window_ms[device]:.2f}" if device in row.window_ms else ""
